"""Computes gradient norms, hidden states and gates of one cell of a task's recurrent network, for one batch."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch import LightningModule
from torch import Tensor

from ablate.analysis.trace import find_recurrent, gate_openings, gradient_norms, hidden_states, last_step, recording
from ablate.model.evaluation import evaluating


class CellAnalysis(NamedTuple):
    """Gradient norms of all sequences of a batch; states and gates of its longest one.

    Attributes:
        gradient_norms: ‖∂L/∂h‖ by lag, L the part of the loss that enters at the last step.
        memory_norms: the same for the state's last field of real numbers: an LSTM's memory c, in other cells h.
        longest: row of the longest sequence.
        hidden_states: its h_1 … h_T.
        gate_openings: by gate, from 0 to 1.
    """

    gradient_norms: Float[Tensor, "b lags"]
    memory_norms: Float[Tensor, "b lags"]
    longest: int
    hidden_states: Float[np.ndarray, "t n"]
    gate_openings: dict[str, Float[np.ndarray, "t n"]]


def analyse_cell(task: LightningModule, batch: tuple, cell: int) -> CellAnalysis | None:
    """Run one `step` of the task, without dropout, and analyse a cell; None if the task's model has no recurrent network.

    The task is left as it was.

    Args:
        cell: 0 is the first layer's, the forward one; see `Trace.states`.
    """
    if (recurrent := find_recurrent(task.model)) is None:
        return None
    with torch.inference_mode(False), torch.enable_grad(), evaluating(task):  # a trainer validates without gradients
        with recording(recurrent) as trace:
            loss = task.step(batch).loss
        part = last_step(trace, loss)
        trace.check_cell(cell)
        fields = [name for name, value in trace.states[cell][0]._asdict().items() if value.is_floating_point()]  # no counters
        norms = [gradient_norms(trace, part, cell, field=field).cpu() for field in (fields[0], fields[-1])]
        row = int(trace.lengths.argmax())
        gates = {name: opening.float().cpu().numpy() for name, opening in gate_openings(trace, row, cell).items()}
        return CellAnalysis(norms[0], norms[1], row, hidden_states(trace, row, cell).float().cpu().numpy(), gates)
