"""The states, gates and gradients of a recurrent network over time, and of one cell of it for one batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.evaluation import evaluating
from ablate.model.recurrent.cell.base import Cell, GatedCell
from ablate.model.recurrent.layers import Recurrent


class Trace:
    """A record of one forward pass of a `Recurrent`, attached to the graph.

    Attributes:
        inputs: x of the first layer.
        lengths: of the sequences; all T if none were given.
        starts: the initial state of each cell.
        states: for each cell (layer by layer, forward before backward) its T states in the order in which it reads.
    """

    def __init__(self, recurrent: Recurrent) -> None:
        self.recurrent = recurrent
        self.states: list[list[Any]] = []

    def begin(
        self, xs: Float[Tensor, "b t d"], lengths: Int[Tensor, " b"] | None = None, states: Sequence[tuple] | None = None
    ) -> None:
        """Start the record of a new pass."""
        self.inputs = xs
        self.lengths = torch.full((len(xs),), xs.shape[1], device=xs.device) if lengths is None else lengths
        cells = [cell for cells in self.recurrent.layers for cell in cells]
        self.starts = [cell.initial_state(len(xs)) for cell in cells] if states is None else list(states)
        self.states.clear()

    def check_cell(self, number: int) -> None:
        """Raise BadInput unless there is a cell of this number in `states`."""
        if not 0 <= number < len(self.states):
            raise BadInput(f"`cell`={number} must be a whole number from 0 to {len(self.states) - 1}, layer by layer")

    def cell(self, number: int) -> tuple[Cell, int, bool]:
        """A cell by its number in `states`, its layer, and whether it reads backwards."""
        self.check_cell(number)
        layer, direction = divmod(number, 1 + self.recurrent.bidirectional)
        return self.recurrent.layers[layer][direction], layer, bool(direction)


@contextmanager
def recording(recurrent: Recurrent) -> Iterator[Trace]:
    """Within it, each forward pass of `recurrent`, whatever model calls it, is recorded in place of the one before."""
    trace = Trace(recurrent)

    def record(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        trace.begin(*args, **kwargs)
        return args, {**kwargs, "record": trace.states}

    handle = recurrent.register_forward_pre_hook(record, with_kwargs=True)
    try:
        yield trace
    finally:
        handle.remove()


def find_recurrent(model: nn.Module) -> Recurrent | None:
    """The first recurrent network within a model."""
    return next((module for module in model.modules() if isinstance(module, Recurrent)), None)


def gradient_norms(
    trace: Trace, loss: Float[Tensor, ""], cell: int = 0, at: Int[Tensor, " b"] | None = None, field: str = "hidden"
) -> Float[Tensor, "b lags"]:
    """‖∂L/∂h_{s-k}‖ for the lags k = 0, 1, …: what is left of the gradient at step s, k steps before it (Bengio et al. 1994).

        ∂L/∂h_{s-k} = (∂h_s/∂h_{s-1} · … · ∂h_{s-k+1}/∂h_{s-k})ᵀ ∂L/∂h_s      (Pascanu et al. 2013, section 2.1)

    for a loss that depends on the network through step s alone: many to one, or the loss of one output of many (`last_step`). This
    is the total derivative through time. For an LSTM's h_t its memory c_t is held constant; `field="memory"` is the derivative by
    c_t, on which h_t depends. Norms are float64, so that the squares of small ones do not underflow; those of lags that a sequence
    is too short for are nan.

    Args:
        loss: a scalar from the recorded pass; its graph is kept.
        cell: number of the cell in `Trace.states`.
        at: s of each sequence, from 0, in the order in which the cell reads; None: its last step.
        field: of the state.
    """
    trace.check_cell(cell)
    states = [getattr(state, field) for state in trace.states[cell]]
    gradients = torch.autograd.grad(loss, states, retain_graph=True, allow_unused=True, materialize_grads=True)
    norms = torch.stack([each.double().norm(dim=1) for each in gradients], 1)
    at = trace.lengths - 1 if at is None else at
    step = at[:, None] - torch.arange(int(at.max()) + 1, device=at.device)
    return norms.gather(1, step.clamp(min=0)).masked_fill(step < 0, torch.nan)


def gradient_by_lag(norms: Float[Tensor, "b lags"]) -> Float[Tensor, " lags"]:
    """The root mean square of `gradient_norms` at each lag, over the sequences that have this lag."""
    return norms.square().nanmean(0).sqrt()


def ratio_by_lag(norms: Float[Tensor, "b lags"]) -> Float[Tensor, " lags"]:
    """`gradient_by_lag` at each lag, divided by that of the same sequences at lag 0."""
    at_end = norms[:, :1].masked_fill(norms.isnan(), torch.nan)
    return gradient_by_lag(norms) / gradient_by_lag(at_end)


def last_step(trace: Trace, loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
    """The part of the loss that enters at each sequence's last step, as a scalar with the same gradient.

        L' = Σ h_T · const(∂L/∂h_T)        over the cells of the last layer

    If a network with one direction has a loss at every step (tagging, language modelling), ∂L'/∂h_t = ∂L_T/∂h_t for each t < T,
    whatever the head; if it has one at the end alone, ∂L'/∂h_t = ∂L/∂h_t.
    """
    total = loss.new_zeros(())
    for states in trace.states[-len(trace.recurrent.layers[-1]) :]:
        hidden = [state.hidden for state in states]
        gradients = torch.autograd.grad(loss, hidden, retain_graph=True, allow_unused=True, materialize_grads=True)
        for step, (h, gradient) in enumerate(zip(hidden, gradients)):
            last = (trace.lengths - 1 == step)[:, None]
            total = total + (h * gradient.detach() * last).sum()
    return total


def hidden_states(trace: Trace, row: int = 0, cell: int = 0) -> Float[Tensor, "t n"]:
    """h_1 … h_T of one sequence, without padding; row t belongs to x_t in both directions."""
    _, _, backward = trace.cell(cell)
    states = torch.stack([state.hidden[row] for state in trace.states[cell][: int(trace.lengths[row])]])
    return (states.flip(0) if backward else states).detach()


def gate_openings(trace: Trace, row: int = 0, cell: int = 0) -> dict[str, Float[Tensor, "t n"]]:
    """How far each gate was open at each step of one sequence, from 0 to 1; empty for a cell without gates.

    Gates are computed again from the recorded states, without dropout between layers: record in evaluation mode.
    """
    module, layer, backward = trace.cell(cell)
    if not isinstance(module, GatedCell):
        return {}
    xs = _inputs_of(trace, row, layer)
    start, steps = trace.starts[cell], trace.states[cell][: len(xs)]
    with torch.no_grad():
        before = module.state_type(*(torch.stack([each[row] for each in fields]) for fields in zip(start, *steps[:-1])))
        gates, _ = module.gate(module.project(xs.flip(0) if backward else xs), before)
    return {name: gate.flip(0) if backward else gate for name, gate in gates.items()}


def _inputs_of(trace: Trace, row: int, layer: int) -> Float[Tensor, "t d"]:
    """The inputs of a layer for one sequence: the outputs of the layer before, side by side."""
    if layer == 0:
        return trace.inputs[row, : int(trace.lengths[row])].detach()
    directions = len(trace.recurrent.layers[0])
    return torch.cat([hidden_states(trace, row, directions * (layer - 1) + i) for i in range(directions)], 1)


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
