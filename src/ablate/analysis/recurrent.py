"""What goes on inside the recurrent network of any task, on one batch."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch import LightningModule
from torch import Tensor

from ablate.analysis.trace import find_recurrent, gate_openings, gradient_norms, hidden_states, last_step, recording
from ablate.model.evaluation import evaluating


class Look(NamedTuple):
    """One look at one cell: gradients over a whole batch, states and gates over its longest sequence.

    `norms` are ‖∂L/∂h‖ by lag, `memory_norms` those of what the cell keeps beside h (an LSTM's c) or of h; L is the part of the
    loss that enters at the last step.
    """

    norms: Float[Tensor, "b lags"]
    memory_norms: Float[Tensor, "b lags"]
    row: int
    states: Float[np.ndarray, "t n"]
    gates: dict[str, Float[np.ndarray, "t n"]]


def look(task: LightningModule, batch: tuple, cell: int) -> Look | None:
    """One `step` of the task, recorded, without dropout; the task is left as it was. None: its model has no recurrent network.

    Args:
        cell: 0 for the first layer's, the forward one; see `Trace.states`.
    """
    if (recurrent := find_recurrent(task.model)) is None:
        return None
    with torch.inference_mode(False), torch.enable_grad(), evaluating(task):  # a trainer validates without gradients
        with recording(recurrent) as trace:
            loss = task.step(batch).loss
        part = last_step(trace, loss)
        kind = trace.cell(cell)[0].state_type
        norms = [gradient_norms(trace, part, cell, field=field).cpu() for field in kind._fields]
        row = int(trace.lengths.argmax())
        gates = {name: opening.float().cpu().numpy() for name, opening in gate_openings(trace, row, cell).items()}
        return Look(norms[0], norms[-1], row, hidden_states(trace, row, cell).float().cpu().numpy(), gates)
