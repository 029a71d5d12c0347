"""One class for each picture, seen in glimpses."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from lightning.pytorch import Trainer
from torch import Tensor, nn

from ablate.data.batch import BatchKind, PictureBatch
from ablate.errors import BadInput
from ablate.loss.reinforce import reinforce
from ablate.metric.classification import ClassificationScores
from ablate.metric.stepwise import AccuracyByStep
from ablate.model.glimpse.base import Glimpses, PictureModel
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import NotNegative, Positive, Whole, checked
from ablate.task.base import Output, Task


class GlimpseClassification(Task):
    """Cross-entropy of the class after the last glimpse; REINFORCE for the places, with R = 1 where that class is right, else 0:

        L = -log p(y) + policy_weight · Σ_t [-(R - b_t) log π(l_t)] + Σ_t (R - b_t)²/T - entropy_weight · Σ_t H(π_t)

    Metrics: accuracy, macro F1 and confusion matrix after the last glimpse; accuracy_at/t after t of them.

    Source: Mnih et al. 2014, section 3.2, eq. 4; Ba et al. 2015, section 3.1 (several samples of the places).

    Args:
        samples: paths of glimpses over each picture in training; the loss is their mean.
        evaluation_samples: paths in evaluation, of which the probabilities are averaged; 0: one path, of the means.
        policy_weight: how much the places count in the gradient beside the class; it matters where gradients are clipped.
        entropy_weight: of the places' entropy H, where their deviation is learned.

    In evaluation, what is random depends on the sample alone.
    """

    batch_kind = BatchKind.CLASS_PER_PICTURE
    model_class = PictureModel

    @checked
    def __init__(
        self,
        model: nn.Module,
        optimisation: Optimisation | None,
        num_classes: Positive,
        samples: Positive = 1,
        evaluation_samples: Whole = 0,
        policy_weight: NotNegative = 0.01,
        entropy_weight: NotNegative = 0.0,
    ) -> None:
        steps = model.glimpses if isinstance(model, PictureModel) else 1
        super().__init__(model, {"scores": ClassificationScores(num_classes), "accuracy_at": AccuracyByStep(steps)}, optimisation)
        self.samples, self.evaluation_samples = samples, evaluation_samples
        self.policy_weight, self.entropy_weight = policy_weight, entropy_weight

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        self.model.check(batch.image)
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
        each = [values.repeat_interleave(paths, 0) for values in (batch.image, batch.place, batch.target)]
        image, place, target = each
        found = self.model(image, self.noise(batch, paths), place)
        probability = found.logits.detach().softmax(2).unflatten(0, (-1, paths)).mean(1)
        return Output(self.loss(found, target), probability.argmax(2), batch.target)

    def loss(self, found: Glimpses, target: Tensor) -> Float[Tensor, ""]:
        """L, the mean over the paths."""
        last = found.logits[:, -1]
        loss = F.cross_entropy(last, target)
        if found.policy is None:
            return loss
        log_probability, baseline, entropy = found.policy
        reward = (last.detach().argmax(1) == target).to(baseline.dtype)
        loss = loss + F.mse_loss(baseline, reward[:, None].expand_as(baseline))
        loss = loss + self.policy_weight * reinforce(log_probability, reward, baseline)
        return loss - self.entropy_weight * entropy.sum(1).mean()

    def _update(self, split: str, output: Output) -> None:
        metrics = self.metrics[f"{split}_"]
        metrics["scores"].update(output.prediction[:, -1], output.target)
        metrics["accuracy_at"].update(output.prediction, output.target)
