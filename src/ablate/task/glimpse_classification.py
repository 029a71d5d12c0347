"""One class for each picture, seen in glimpses."""

from typing import Any

from lightning.pytorch import Trainer
from torch import nn

from ablate.data.batch import BatchKind
from ablate.errors import BadInput
from ablate.metric.classification import ClassificationScores
from ablate.metric.stepwise import AccuracyByStep
from ablate.model.glimpse.base import PictureModel
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import AboveZero, NotNegative, Positive, Whole, checked
from ablate.task.base import Output
from ablate.task.glimpses import GlimpseTask


class GlimpseClassification(GlimpseTask):
    """The loss of `GlimpseTask` with one label, the class after the last glimpse: R = 1 where it is right, else 0.

    Metrics: accuracy, macro F1 and confusion matrix after the last glimpse; accuracy_at/t after t of them.

    Source: Mnih et al. 2014, section 3.2, eq. 4.

    Args:
        samples, evaluation_samples, policy_weight, policy_rate, entropy_weight: see `GlimpseTask`.
    """

    batch_kind = BatchKind.CLASS_PER_PICTURE

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
        steps = model.glimpses if isinstance(model, PictureModel) else 1
        metrics = {"scores": ClassificationScores(num_classes), "accuracy_at": AccuracyByStep(steps)}
        super().__init__(model, metrics, optimisation, samples, evaluation_samples, policy_weight, policy_rate, entropy_weight)

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        if self.model.labels != 1:
            raise BadInput(f"`labels`={self.model.labels} is for sequences: a picture of these data has one class, labels=1")

    def _update(self, split: str, output: Output) -> None:
        super()._update(split, output)
        metrics, classes = self.metrics[f"{split}_"], output.prediction.classes
        metrics["scores"].update(classes[:, -1], output.target)
        metrics["accuracy_at"].update(classes, output.target)
