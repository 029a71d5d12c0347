"""Many to one: a number for each sequence."""

import torch.nn.functional as F
from torch import nn
from torchmetrics import MeanSquaredError

from ablate.data.batch import BatchKind, SequenceBatch
from ablate.model.recurrent.models import SequenceModel
from ablate.optim.optimisation import Optimisation
from ablate.task.base import Output, Task


class SequenceRegression(Task):
    """Mean squared error of one number a sequence; the model has one output."""

    learns_from = BatchKind.NUMBER_PER_SEQUENCE
    model_class = SequenceModel

    def __init__(self, model: nn.Module, optimisation: Optimisation | None) -> None:
        super().__init__(model, {"mse": MeanSquaredError()}, optimisation)

    def inputs(self, batch: SequenceBatch) -> tuple:
        return batch.input, batch.lengths

    def step(self, batch: SequenceBatch) -> Output:
        prediction = self.model(*self.inputs(batch))[:, 0]
        return Output(F.mse_loss(prediction, batch.target), prediction.detach(), batch.target)
