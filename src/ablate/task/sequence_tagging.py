"""Many to many, aligned: a class for each step."""

from collections.abc import Callable

import torch
from torch import nn

from ablate.data.batch import IGNORE, SequenceBatch
from ablate.loss.text import token_cross_entropy
from ablate.metric.classification import ClassificationScores
from ablate.task.base import Output
from ablate.task.recurrent import RecurrentTask, States


class SequenceTagging(RecurrentTask):
    """Cross-entropy of the class of each step; accuracy, macro F1 and the confusion matrix over all steps of a split."""

    def __init__(
        self,
        model: nn.Module,
        num_classes: int,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        truncate: int | None = None,
        gradient_clip: float | None = None,
        name: str = "sequence_tagging",
    ) -> None:
        metrics = {"scores": ClassificationScores(num_classes, IGNORE)}
        super().__init__(model, metrics, optimizer, scheduler, truncate, gradient_clip)

    def advance(self, batch: SequenceBatch, states: States | None) -> tuple[Output, States]:
        logits, states = self.model(*self.inputs(batch), states)
        loss, count = token_cross_entropy(logits, batch.target, IGNORE)
        return Output(loss, logits.detach().argmax(-1), batch.target, count), states
