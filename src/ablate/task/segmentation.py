"""Semantic segmentation: a class for each pixel."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Float
from lightning.pytorch import Trainer
from torch import Tensor, nn
from torchmetrics import Metric

from ablate.data.batch import SegmentationBatch
from ablate.errors import BadInput, Misfit
from ablate.loss.cross_entropy import ClassWeight, CrossEntropy, count_pixels
from ablate.metric.boundary import BoundaryF1
from ablate.metric.segmentation import CoarseLabelScores, SegmentationScores
from ablate.model.evaluation import evaluating
from ablate.model.segmenter.encoder.load import load_encoder, load_segmenter
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import Byte, Positive, ProperFraction, checked
from ablate.task.base import Output, Task


class Segmentation(Task):
    """Cross-entropy over pixels; mean IoU and related scores over the whole split, the mean of boundary F1 over pictures.

    Args:
        label_stride: also log the scores that perfect labels at this stride would have; None: do not.
        encoder_weights: a file with the weights that the encoder begins with; None: random ones.
        initial_weights: a segmenter's checkpoint; all of its weights that fit are where the network begins; None: random ones.
    """

    @checked
    def __init__(
        self,
        model: nn.Module,
        optimisation: Optimisation | None,
        num_classes: Positive,
        class_names: Sequence[str],
        ignore_index: Byte | None,
        class_weight: ClassWeight = "none",
        label_smoothing: ProperFraction = 0.0,
        label_stride: Positive | None = None,
        channels_last: bool = False,
        encoder_weights: str | None = None,
        initial_weights: str | None = None,
    ) -> None:
        if encoder_weights is not None and initial_weights is not None:
            raise BadInput(f"`initial_weights`={initial_weights} has an encoder: leave `encoder_weights` null")
        if len(class_names) != num_classes:
            raise BadInput(f"`num_classes`={num_classes}, but `class_names` has {len(class_names)} names")
        metrics: dict[str, Metric] = {
            "scores": SegmentationScores(num_classes=num_classes, ignore_index=ignore_index, class_names=class_names),
            "boundary_f1": BoundaryF1(num_classes=num_classes, ignore_index=ignore_index),
        }
        if label_stride is not None:
            metrics["coarse_label"] = CoarseLabelScores(label_stride, num_classes, ignore_index)
        super().__init__(model, metrics, optimisation, channels_last=channels_last)
        self.loss = CrossEntropy(num_classes, ignore_index, class_weight, label_smoothing)
        self.encoder_weights, self.initial_weights = encoder_weights, initial_weights

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        check_outputs(self, batch.image, self.loss.num_classes, f"the data have {self.loss.num_classes} classes")

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        load_encoder(self.model.encoder, weights)

    def load_initial(self, weights: Mapping[str, Tensor]) -> list[str]:
        return load_segmenter(self.model, weights)

    def setup(self, stage: str) -> None:
        if stage == "fit" and self.loss.needs_counts:
            labels = (batch.label for batch in self.trainer.datamodule.batches("train"))
            self.loss.set_counts(count_pixels(labels, self.loss.num_classes, self.loss.ignore_index))

    def logits(self, image: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h w"]:
        """The network's, in the memory layout of the task."""
        return self.model(image.contiguous(memory_format=self.memory_format))

    def step(self, batch: SegmentationBatch) -> Output:
        logits = self.logits(batch.image)
        loss = self.loss(logits, batch.label)
        weight = None if self.training else self.loss.mass(batch.label)
        return Output(loss, logits.detach().argmax(1), batch.label, weight)


def check_outputs(task: Task, image: Tensor, wanted: int, reason: str) -> None:
    """Raise Misfit, with the reason, unless the network of a task has `wanted` outputs for each pixel."""
    with evaluating(task):
        outputs = task.model(image).shape[1]
    if outputs != wanted:
        raise Misfit(f"the network has {outputs} outputs for each pixel, {reason}")
