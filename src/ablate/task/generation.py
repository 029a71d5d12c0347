"""Drawing pictures: a network learns how likely each picture is, and can then draw others."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from lightning.pytorch import Trainer
from torch import Tensor, nn

from ablate.data.batch import BatchKind, BinaryPictureBatch
from ablate.errors import BadInput
from ablate.loss.variational import bernoulli_nats, kl_from_standard_normal
from ablate.metric.bound import CanvasChange, VariationalBound
from ablate.model.draw.network import DRAW, Drawing
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import Positive, Whole, checked
from ablate.task.base import Output, Task


class Drawn(NamedTuple):
    """A batch's canvases, and the two parts of its bound in nats."""

    canvas: Float[Tensor, "b t h w"]
    reconstruction: Float[Tensor, " b"]
    kl: Float[Tensor, "b t"]


class Generation(Task):
    """The variational bound on -log p(x), in nats a picture, with one z for each picture and step:

        L = -log p(x | z_1 … z_T) + w Σ_t KL(Q(z_t | …) ‖ N(0, I)),   w = 1 but for the first steps of a training with `warm_up`

    Metrics: `bound`, of its parts `reconstruction` and `kl`; `change/t` and `late_change` of the canvases, see `CanvasChange`.

    Source: Gregor et al. 2015, section 2.2; warm-up: Bowman et al. 2016, Generating sentences from a continuous space,
    section 3.1.

    Args:
        warm_up: steps of the optimiser over which w grows from 0 to 1, in training alone; 0: none. Without it a network may learn
            to draw the mean picture and to leave z unused.
        evaluation_samples: how many z the bound is averaged over in evaluation; its mean stays the same.

    In evaluation, what is random depends on the sample alone.
    """

    batch_kind = BatchKind.BINARY_PICTURES
    model_class = DRAW

    @checked
    def __init__(
        self, model: nn.Module, optimisation: Optimisation | None, warm_up: Whole = 0, evaluation_samples: Positive = 1
    ) -> None:
        bound = {"bound": VariationalBound()}
        steps = model.steps if isinstance(model, DRAW) else 1
        super().__init__(model, bound | {"canvas": CanvasChange(steps)}, optimisation, train_metrics=bound)
        self.warm_up, self.evaluation_samples = warm_up, evaluation_samples

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        check_size(self.model.image_size, tuple(batch.image.shape[2:]))
        check_binary(batch.image)

    def inputs(self, batch: BinaryPictureBatch) -> tuple:
        return batch.image, self.noise(batch, 1)

    def noise(self, batch: BinaryPictureBatch, samples: int) -> Float[Tensor, "n t d"]:
        """Standard normal numbers of their own for each step, and for each of the samples of a picture."""
        shape = (samples, self.model.steps, self.model.latent_size)
        if self.training:
            return torch.randn(len(batch.image) * samples, *shape[1:], device=batch.image.device)
        of_picture = [torch.randn(shape, generator=torch.Generator().manual_seed(i)) for i in batch.index.tolist()]
        return torch.cat(of_picture).to(batch.image.device)

    def step(self, batch: BinaryPictureBatch) -> Output:
        samples = 1 if self.training else self.evaluation_samples
        image = batch.image.repeat_interleave(samples, 0)
        drawing = self.model(image, self.noise(batch, samples))
        reconstruction = bernoulli_nats(drawing.canvas[:, -1], image[:, 0])
        kl = kl_from_standard_normal(drawing.mean.float(), drawing.log_deviation.float())
        loss = (reconstruction + self.kl_weight() * kl.sum(1)).mean()
        return Output(loss, Drawn(drawing.canvas.detach(), reconstruction.detach(), kl.detach()), batch.image)

    def kl_weight(self) -> float:
        """w."""
        return min(1.0, self.global_step / self.warm_up) if self.training and self.warm_up else 1.0

    def draw(self, count: int, seed: int) -> Drawing:
        """`count` pictures of the network's own, with the numbers that `seed` gives."""
        shape = (count, self.model.steps, self.model.latent_size)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(self.device)
        with torch.no_grad():
            return self.model.generate(noise)

    def _update(self, split: str, output: Output) -> None:
        metrics, drawn = self.metrics[f"{split}_"], output.prediction
        metrics["bound"].update(drawn.reconstruction, drawn.kl)
        if "canvas" in metrics:
            metrics["canvas"].update(drawn.canvas)


def check_size(made_for: tuple[int, int], size: tuple[int, ...]) -> None:
    """Raise BadInput for pictures of another size than the network's."""
    if made_for != size:
        wanted, found = ("×".join(map(str, sides)) for sides in (made_for, size))
        raise BadInput(f"the network was made for pictures of `image_size`={wanted}, a picture has {found}")


def check_binary(image: Float[Tensor, "b 1 h w"]) -> None:
    """Raise BadInput for grey pixels, of which the Bernoulli distribution gives no likelihood."""
    grey = image[(image != 0) & (image != 1)]
    if len(grey):
        raise BadInput(f"a pixel is {float(grey[0]):.3g}, and a bound in nats is of pixels that are 0 or 1: binarise the pictures")
