"""What tasks have in common whose networks see pictures in glimpses."""

from abc import abstractmethod
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from lightning.pytorch import Trainer
from torch import Tensor, nn
from torchmetrics import Metric

from ablate.data.batch import IGNORE, PictureBatch
from ablate.errors import BadInput
from ablate.loss.reinforce import reinforce
from ablate.metric.location import LocationScores
from ablate.model.glimpse.base import Glimpses, GlimpsingModel, PictureModel
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import AboveZero, NotNegative, Positive, Whole, checked
from ablate.task.base import Output, Task


class Seen(NamedTuple):
    """What a network says after each glimpse, and where it looked, on each of p paths over a picture."""

    classes: Int[Tensor, "b t"]
    location: Float[Tensor, "bp t 2"] | None


class GlimpseTask(Task):
    """Labels y_1 … y_S of a picture, one after every N of T = N·S glimpses: cross-entropy, and REINFORCE for the places,

        L = Σ_s -log p(y_s) + policy_weight · Σ_t [-(R_t - b_t) log π(l_t)] + Σ_t (R_t - b_t)²/T - entropy_weight · Σ_t H(π_t)

    where R_t is 1 if the label that glimpse t is for is right, else 0. (Ba et al. count the labels that are right so far. With
    `cut` that is s - 1 more, which the baseline takes away; without it, it would be noise, as no later glimpse can change it.)

    Source: Mnih et al. 2014, section 3.2, eq. 4; Ba et al. 2015, sections 3.1 (several samples of the places) and 3.2 (S > 1).

    Args:
        samples: paths of glimpses over each picture in training; the loss is their mean.
        evaluation_samples: paths in evaluation, of which the probabilities are averaged; 0: one path, of the means.
        policy_weight: how much the places count in the gradient beside the class; it matters where gradients are clipped.
        policy_rate: a factor of the learning rate for the parts that learn from the reward alone. Their gradient is mostly noise:
            at the full rate Adam lets the places drift to the edges before any reward says where to look.
        entropy_weight: of the places' entropy H, where their deviation is learned.

    Attributes:
        cut: in training, labels behind the first that is wrong, and the glimpses for them, are in no sum.

    In evaluation, what is random depends on the sample alone. Metrics of every such task: location_spread, see `LocationScores`.
    """

    model_class = PictureModel

    cut = False

    @checked
    def __init__(
        self,
        model: nn.Module,
        optimisation: Optimisation | None,
        num_classes: Positive,
        samples: Positive = 1,
        evaluation_samples: Whole = 0,
        policy_weight: NotNegative = 0.01,
        policy_rate: AboveZero = 1.0,
        entropy_weight: NotNegative = 0.0,
    ) -> None:
        where = {"locations": LocationScores(model.glimpses)} if isinstance(model, GlimpsingModel) else {}
        scores = self.scores(model, num_classes) if isinstance(model, PictureModel) else {}  # of others `Task` says what is wrong
        super().__init__(model, scores | where, optimisation)
        self.samples, self.evaluation_samples = samples, evaluation_samples
        self.policy_weight, self.policy_rate, self.entropy_weight = policy_weight, policy_rate, entropy_weight

    @abstractmethod
    def scores(self, model: PictureModel, num_classes: int) -> dict[str, Metric]:
        """The metrics of the labels."""

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        self.model.check(batch.image)
        if (most := self.labels_of(batch.target).shape[1]) > (given := self.model.labels):
            raise BadInput(f"a picture has up to {most} labels, its end among them, and `labels`={given} of the network are fewer")
        if self.entropy_weight and not self.model.learns_deviation:
            raise BadInput(f"`entropy_weight`={self.entropy_weight} has no gradient where the deviation of places is not learned")

    def inputs(self, batch: PictureBatch) -> tuple:
        return batch.image, self.noise(batch, 1), batch.place

    def noise(self, batch: PictureBatch, paths: int) -> Float[Tensor, "n t 2"] | None:
        """Standard normal numbers for each path over each picture; None where the means are wanted."""
        shape = (paths, self.model.glimpses, 2)
        if self.training:
            return torch.randn(len(batch.image) * paths, *shape[1:], device=batch.image.device)
        if not self.evaluation_samples and not self.model.needs_noise:
            return None
        of_sample = [torch.randn(shape, generator=torch.Generator().manual_seed(i)) for i in batch.index.tolist()]
        return torch.cat(of_sample).to(batch.image.device)

    def step(self, batch: PictureBatch) -> Output:
        paths = self.samples if self.training else max(1, self.evaluation_samples)
        image, place, target = (v.repeat_interleave(paths, 0) for v in (batch.image, batch.place, self.labels_of(batch.target)))
        found = self.model(image, self.noise(batch, paths), place)
        probability = found.logits.detach().softmax(2).unflatten(0, (-1, paths)).mean(1)
        return Output(self.loss(found, target), Seen(probability.argmax(2), found.location), batch.target)

    def labels_of(self, target: Tensor) -> Int[Tensor, "b s"]:
        """The targets of a batch as sequences, at least as long as those of the network."""
        labels = target[:, None] if target.ndim == 1 else target
        return F.pad(labels, (0, max(0, self.model.labels - labels.shape[1])), value=IGNORE)

    def loss(self, found: Glimpses, target: Int[Tensor, "b s"]) -> Float[Tensor, ""]:
        """L, the mean over the paths."""
        a_label = self.model.glimpses_a_label
        named = found.logits[:, a_label - 1 :: a_label]
        right = named.detach().argmax(2) == target
        counted = self.counted(right, target)
        each = F.cross_entropy(named.flatten(0, 1), target.flatten(), ignore_index=IGNORE, reduction="none").view_as(target)
        loss = (each * counted).sum() / len(target)
        if found.policy is None:
            return loss
        log_probability, baseline, entropy = found.policy
        reward = right.to(baseline.dtype).repeat_interleave(a_label, 1)
        counted = counted.repeat_interleave(a_label, 1)
        loss = loss + (F.mse_loss(baseline, reward, reduction="none") * counted).mean()
        loss = loss + self.policy_weight * reinforce(log_probability * counted, reward, baseline)
        return loss - self.entropy_weight * entropy.sum(1).mean()

    def counted(self, right: Bool[Tensor, "b s"], target: Int[Tensor, "b s"]) -> Bool[Tensor, "b s"]:
        """Which labels are in the sums: those that are there, and with `cut`, in training, none behind one that is wrong."""
        there = target != IGNORE
        if not (self.cut and self.training):
            return there
        wrong = ~right
        return there & (wrong.cumsum(1) - wrong.long() == 0)

    def configure_optimizers(self) -> dict:
        if self.policy_rate == 1.0 or not isinstance(self.model, GlimpsingModel):
            return super().configure_optimizers()
        steering = nn.ModuleList(self.model.steering)
        slow = {id(parameter) for parameter in steering.parameters()}
        others = [parameter for parameter in self.parameters() if id(parameter) not in slow]
        groups: list[dict[str, Any]] = [{"params": others}, {"params": [*steering.parameters()], "rate": self.policy_rate}]
        return self.optimisation.configure(groups, int(self.trainer.estimated_stepping_batches))

    def _update(self, split: str, output: Output) -> None:
        if output.prediction.location is not None:
            self.metrics[f"{split}_"]["locations"].update(output.prediction.location)
