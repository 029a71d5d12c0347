"""Tasks with a target at each step: states that go from batch to batch, truncated backpropagation, and tagging."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import Tensor, nn
from torchmetrics import Metric

from ablate.data.batch import IGNORE, BatchKind, SequenceBatch
from ablate.errors import BadInput
from ablate.loss.text import token_cross_entropy
from ablate.metric.classification import ClassificationScores
from ablate.model.recurrent.models import StepwiseModel
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import Positive, ProperFraction, checked
from ablate.task.base import Output, Task

States = tuple[tuple[Tensor, ...], ...]


class RecurrentTask(Task):
    """Backpropagation through time, over whole sequences or truncated.

    With `truncate` = k, a batch is cut into chunks of k steps. Each chunk begins with the last state of the chunk before, through
    which no gradient flows, and is followed by a step of the optimiser: TBPTT(k, k) of Williams and Peng 1990. So the network
    cannot learn from a target what happened k steps or more before it, although its state may still carry it.

    Where batches follow one text (`batch.stream`), each begins with the last states of the batch before.

    Args:
        truncate: k, or None for whole sequences.
        label_smoothing: see `token_cross_entropy`.

    Raises:
        BadInput: truncation of a bidirectional network.
    """

    batch_kind = BatchKind.CLASS_PER_STEP
    model_class = StepwiseModel

    @checked
    def __init__(
        self,
        model: nn.Module,
        metrics: dict[str, Metric],
        optimisation: Optimisation | None,
        truncate: Positive | None = None,
        label_smoothing: ProperFraction = 0.0,
    ) -> None:
        super().__init__(model, metrics, optimisation)
        self.truncate = truncate
        if truncate is not None and model.bidirectional:
            raise BadInput(f"`truncate`={truncate} cuts from the beginning on; `model.bidirectional`=true reads from the end, too")
        self.label_smoothing = label_smoothing
        self.automatic_optimization = truncate is None
        self.last: dict[str, tuple[Tensor, States]] = {}  # by split: which samples the last batch had, and their states

    def advance(self, batch: SequenceBatch, states: States | None) -> tuple[Output, States]:
        """Loss and logits of a batch that begins with `states`, and the states that it ends with."""
        logits, states = self.model(*self.inputs(batch), states)
        loss, count = token_cross_entropy(logits, batch.target, IGNORE, self.label_smoothing)
        return Output(loss, logits.detach(), batch.target, count), states

    def inputs(self, batch: SequenceBatch) -> tuple:
        return batch.input, batch.lengths

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        if self.truncate is None:
            return
        if trainer.accumulate_grad_batches != 1:
            raise BadInput(f"`truncate`={self.truncate} takes a step for each chunk: leave out trainer.accumulate_grad_batches")
        if trainer.world_size > 1 and not batch.stream:
            raise BadInput(f"`truncate`={self.truncate} may make more chunks in one process than in another: trainer.devices=1")

    def step(self, batch: SequenceBatch) -> Output:
        return self.advance(batch, None)[0]

    def run(self, split: str, batch: SequenceBatch) -> Output:
        output, states = self.advance(batch, self._initial_states(split, batch))
        self._keep_states(split, batch, states)
        return output

    def training_step(self, batch: SequenceBatch, batch_idx: int) -> Tensor:
        if self.truncate is None:
            return super().training_step(batch, batch_idx)
        optimizer, states, outputs = self.optimizers(), self._initial_states("train", batch), []
        there = torch.ones_like(batch.index, dtype=torch.bool)
        for chunk in batch.split(self.truncate):
            chunk, states, there = _without_ended(chunk, states, there)
            output, states = self.advance(chunk, states)
            states = _map(Tensor.detach, states)
            optimizer.zero_grad()
            self.manual_backward(output.loss)
            optimizer.step()
            outputs.append(output)
        self.lr_schedulers().step()
        self._keep_states("train", batch, states)
        whole = _total(outputs)
        self.losses.append(whole.loss.detach())
        if self.is_log_step(batch_idx):
            for output in outputs:
                self._update("train", output)
        return whole.loss.detach()

    def _initial_states(self, split: str, batch: SequenceBatch) -> States | None:
        """Zero, but for rows that continue a row of the batch before: its last state. None: all zero."""
        if not batch.stream or split not in self.last:
            return None
        index, states = self.last[split]
        rows = len(batch.index)
        if rows > len(index):
            return None
        goes_on = (batch.index == index[:rows] + 1)[:, None]
        return _map(lambda state: state[:rows] * goes_on, states)

    def _keep_states(self, split: str, batch: SequenceBatch, states: States) -> None:
        if batch.stream and len(states[0][0]) == len(batch.index):
            self.last[split] = batch.index, _map(Tensor.detach, states)
        else:
            self.last.pop(split, None)


class SequenceTagging(RecurrentTask):
    """Cross-entropy of the class of each step; accuracy, macro F1 and the confusion matrix over all steps of a split."""

    @checked
    def __init__(
        self, model: nn.Module, optimisation: Optimisation | None, num_classes: Positive, truncate: Positive | None = None
    ) -> None:
        super().__init__(model, {"scores": ClassificationScores(num_classes, IGNORE)}, optimisation, truncate)

    def advance(self, batch: SequenceBatch, states: States | None) -> tuple[Output, States]:
        output, states = super().advance(batch, states)
        return output._replace(prediction=output.prediction.argmax(-1)), states


def _map(function: Callable[[Tensor], Tensor], states: States) -> States:
    return tuple(type(state)(*map(function, state)) for state in states)


def _without_ended(chunk: SequenceBatch, states: States | None, before: Tensor) -> tuple[SequenceBatch, States | None, Tensor]:
    """The rows that have not ended before this chunk, their states, and a mask of them; `before` is the mask of `states`."""
    if chunk.lengths is None or bool((chunk.lengths > 0).all()):
        return chunk, states, before
    kept = chunk.lengths > 0
    chunk = SequenceBatch(chunk.input[kept], chunk.lengths[kept], chunk.target[kept], chunk.index[kept], chunk.stream)
    return chunk, states if states is None else _map(lambda state: state[kept[before]], states), kept


def _total(outputs: Sequence[Output]) -> Output:
    weights = torch.stack([torch.as_tensor(output.weight, device=output.loss.device) for output in outputs]).float()
    losses = torch.stack([output.loss.detach() for output in outputs])
    return outputs[-1]._replace(loss=(losses * weights).sum() / weights.sum().clamp(min=1), weight=weights.sum())
