"""Many to one: a class or a number for each sequence."""

import torch.nn.functional as F
from torch import nn
from torchmetrics import MeanSquaredError

from ablate.data.batch import BatchKind, SequenceBatch
from ablate.metric.classification import ClassificationScores
from ablate.model.recurrent.models import SequenceModel
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import Positive, ProperFraction, checked
from ablate.task.base import Output, Task


class SequenceTask(Task):
    """A task with one target for each sequence."""

    model_class = SequenceModel

    def inputs(self, batch: SequenceBatch) -> tuple:
        return batch.input, batch.lengths


class SequenceClassification(SequenceTask):
    """Cross-entropy of the class of each sequence; accuracy, macro F1 and the confusion matrix over the whole split."""

    batch_kind = BatchKind.CLASS_PER_SEQUENCE

    @checked
    def __init__(
        self, model: nn.Module, optimisation: Optimisation | None, num_classes: Positive, label_smoothing: ProperFraction = 0.0
    ) -> None:
        super().__init__(model, {"scores": ClassificationScores(num_classes)}, optimisation)
        self.label_smoothing = label_smoothing

    def step(self, batch: SequenceBatch) -> Output:
        logits = self.model(*self.inputs(batch))
        loss = F.cross_entropy(logits, batch.target, label_smoothing=self.label_smoothing)
        return Output(loss, logits.detach().argmax(1), batch.target)


class SequenceRegression(SequenceTask):
    """Mean squared error of one number a sequence; the model has one output."""

    batch_kind = BatchKind.NUMBER_PER_SEQUENCE

    def __init__(self, model: nn.Module, optimisation: Optimisation | None) -> None:
        super().__init__(model, {"mse": MeanSquaredError()}, optimisation)

    def step(self, batch: SequenceBatch) -> Output:
        prediction = self.model(*self.inputs(batch))[:, 0]
        return Output(F.mse_loss(prediction, batch.target), prediction.detach(), batch.target)
