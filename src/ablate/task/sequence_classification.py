"""Many to one: a class for each sequence."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from ablate.data.batch import BatchKind, SequenceBatch
from ablate.metric.classification import ClassificationScores
from ablate.model.recurrent.base import SequenceModel
from ablate.task.base import Output, Task


class SequenceClassification(Task):
    """Cross-entropy of the class of each sequence; accuracy, macro F1 and the confusion matrix over the whole split."""

    learns_from = BatchKind.CLASS_PER_SEQUENCE
    model_class = SequenceModel

    def __init__(
        self,
        model: nn.Module,
        num_classes: int,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        label_smoothing: float = 0.0,
        gradient_clip: float | None = None,
        name: str = "sequence_classification",
    ) -> None:
        metrics = {"scores": ClassificationScores(num_classes)}
        super().__init__(model, metrics, optimizer, scheduler, gradient_clip=gradient_clip)
        self.label_smoothing = label_smoothing

    def inputs(self, batch: SequenceBatch) -> tuple:
        return batch.input, batch.lengths

    def step(self, batch: SequenceBatch) -> Output:
        logits = self.model(*self.inputs(batch))
        loss = F.cross_entropy(logits, batch.target, label_smoothing=self.label_smoothing)
        return Output(loss, logits.detach().argmax(1), batch.target)
