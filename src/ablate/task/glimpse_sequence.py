"""A sequence of labels for each picture, seen in glimpses."""

from typing import Any

from torchmetrics import Metric
from torchmetrics.classification import MulticlassExactMatch

from ablate.data.batch import IGNORE, BatchKind
from ablate.metric.classification import ClassificationScores
from ablate.metric.stepwise import AccuracyByStep
from ablate.model.glimpse.base import PictureModel
from ablate.schema.options import checked
from ablate.task.base import Output
from ablate.task.glimpses import GlimpseTask


class GlimpseSequence(GlimpseTask):
    """The loss of `GlimpseTask` with labels y_1 … y_S, of which the last is the end: after N glimpses each.

    Metrics: accuracy, macro F1 and confusion matrix of the labels, the end among them; sequence_accuracy, of pictures whose labels
    are all right, with the end in its place; accuracy_at/n of the labels if they were read off after n of their N glimpses.

    Source: Ba et al. 2015, section 3.2.

    Args:
        cut, and all others: see `GlimpseTask`.
    """

    batch_kind = BatchKind.CLASSES_PER_PICTURE

    @checked
    def __init__(self, *given: Any, cut: bool = True, **options: Any) -> None:
        super().__init__(*given, **options)
        self.cut = cut

    def scores(self, model: PictureModel, num_classes: int) -> dict[str, Metric]:
        return {
            "scores": ClassificationScores(num_classes, IGNORE),
            "sequence_accuracy": MulticlassExactMatch(num_classes, ignore_index=IGNORE, validate_args=False),
            "accuracy_at": AccuracyByStep(model.glimpses_a_label),
        }

    def _update(self, split: str, output: Output) -> None:
        super()._update(split, output)
        metrics, target = self.metrics[f"{split}_"], self.labels_of(output.target)
        classes = output.prediction.classes.unflatten(1, (-1, self.model.glimpses_a_label))
        metrics["scores"].update(classes[:, :, -1], target)
        metrics["sequence_accuracy"].update(classes[:, :, -1], target)
        metrics["accuracy_at"].update(classes[there := target != IGNORE], target[there])
