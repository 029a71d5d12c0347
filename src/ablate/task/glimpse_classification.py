"""One class for each picture, seen in glimpses."""

from typing import Any

from lightning.pytorch import Trainer
from torchmetrics import Metric

from ablate.data.batch import BatchKind
from ablate.errors import BadInput
from ablate.metric.classification import ClassificationScores
from ablate.metric.stepwise import AccuracyByStep
from ablate.model.glimpse.base import PictureModel
from ablate.task.base import Output
from ablate.task.glimpses import GlimpseTask


class GlimpseClassification(GlimpseTask):
    """The loss of `GlimpseTask` with one label, the class after the last glimpse: R = 1 where it is right, else 0.

    Metrics: accuracy, macro F1 and confusion matrix after the last glimpse; accuracy_at/t after t of them.

    Source: Mnih et al. 2014, section 3.2, eq. 4.
    """

    batch_kind = BatchKind.CLASS_PER_PICTURE

    def scores(self, model: PictureModel, num_classes: int) -> dict[str, Metric]:
        return {"scores": ClassificationScores(num_classes), "accuracy_at": AccuracyByStep(model.glimpses)}

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        if self.model.labels != 1:
            raise BadInput(f"`labels`={self.model.labels} is for sequences: a picture of these data has one class, labels=1")

    def _update(self, split: str, output: Output) -> None:
        super()._update(split, output)
        metrics, classes = self.metrics[f"{split}_"], output.prediction.classes
        metrics["scores"].update(classes[:, -1], output.target)
        metrics["accuracy_at"].update(classes, output.target)
