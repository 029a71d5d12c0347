"""A recurrent network over time: the reach of its gradient, also before any training, its hidden states, its gates."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from ablate.analysis.trace import gradient_norms, ratio_by_lag, recording
from ablate.figure.colours import BLACK, BLUE, GREEN, GREY, VERMILLION
from ablate.figure.labels import label_ticks, token_label
from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.cell.elman import IRNN, Elman
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.layers import Recurrent

MOST_LETTERS, MOST_LABELS = 17, 176  # of a token, along an axis
WIDEST, A_STEP = 24.0, 0.14  # inches of a figure, of a step: WIDEST has room for MOST_LABELS
UNITS, INPUTS, LAGS, BATCH, SEEDS = 128, 16, 100, 16, 3
SIMPLE: dict[str, Callable[..., Cell]] = {
    "tanh, orthogonal × 1.5": partial(Elman, recurrent_init="orthogonal", gain=1.5),
    "IRNN": IRNN,
    "tanh, orthogonal": partial(Elman, recurrent_init="orthogonal"),
    "tanh, uniform (torch's)": Elman,
}
GATED: dict[str, Callable[..., Cell]] = {
    "LSTM, forget bias 3": partial(LSTM, forget_bias=3.0),
    "LSTM, forget bias 1": partial(LSTM, forget_bias=1.0),
    "LSTM (torch's)": LSTM,
    "GRU (torch's)": GRU,
}
LINES = ((VERMILLION, "o"), (BLUE, "s"), (GREEN, "^"), (BLACK, "D"))


def plot_gradient_norms(norms: Sequence[tuple[int, Sequence[float]]]) -> Figure:
    """Gradient norms against the lag, with a line for each (step of training, norms by lag); a norm of 0 is left out."""
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    scale = ScalarMappable(Normalize(0, max(1, norms[-1][0])), colormaps["cividis_r"])
    for step, line in norms:
        axes.plot([norm or np.nan for norm in line], color=scale.to_rgba(np.asarray(step)), marker="." if len(line) == 1 else None)
    axes.set(yscale="log", xlabel="lag: steps before the end", ylabel="‖∂L/∂h‖, root mean square of the sequences")
    axes.set_title("Gradient of the last step's loss at the states before it", fontsize=10)
    axes.grid(alpha=0.3)
    figure.colorbar(scale, ax=axes, label="step of training")
    return figure


def plot_hidden_states(states: Float[np.ndarray, "t n"], tokens: Sequence[str] | None = None) -> Figure:
    """A heat map with one column for each time step and one row for each unit; white is 0."""
    figure, (axes,) = _heat_maps(states.shape, 1)
    limit = float(np.nan_to_num(abs(states), posinf=0).max()) or 1.0  # after a training that diverged, too
    figure.colorbar(_show(axes, states, "PuOr", -limit, limit), ax=axes, label="h")
    axes.set_title("hidden states")
    _label_steps(axes, len(states), tokens)
    return figure


def plot_gates(gates: Mapping[str, Float[np.ndarray, "t n"]], tokens: Sequence[str] | None = None) -> Figure:
    """A heat map for each gate, with one column for each time step and one row for each unit; dark is closed, bright is open."""
    steps, _ = shape = next(iter(gates.values())).shape
    figure, axes = _heat_maps(shape, len(gates))
    for each, (name, opening) in zip(axes, gates.items(), strict=True):
        shown = _show(each, opening, "cividis", 0, 1)
        each.set_title(f"{name} gate, on average {opening.mean():.2f}")
        each.tick_params(labelbottom=False)
    figure.colorbar(shown, ax=axes.tolist(), label="opening")
    _label_steps(axes[-1], steps, tokens)
    return figure


def _heat_maps(shape: tuple[int, int], count: int) -> tuple[Figure, np.ndarray]:
    steps, units = shape
    height = min(5.0, 1.5 + 0.03 * units) if count == 1 else min(3.0, 1.2 + 0.02 * units)
    figure = Figure(figsize=(min(WIDEST, max(6.5, 2 + A_STEP * steps)), count * height + 0.9), layout="constrained")
    return figure, figure.subplots(count, sharex=True, squeeze=False)[:, 0]


def _show(axes: Axes, values: Float[np.ndarray, "t n"], cmap: str, low: float, high: float) -> ScalarMappable:
    axes.set_ylabel("unit")
    return axes.imshow(values.T, cmap=cmap, vmin=low, vmax=high, aspect="auto", interpolation="nearest")


def _label_steps(axes: Axes, steps: int, tokens: Sequence[str] | None) -> None:
    axes.tick_params(labelbottom=True)
    axes.set_xlabel("step")
    if tokens is not None:
        every = -(-min(len(tokens), steps) // MOST_LABELS)
        axes.set_xlabel("token" if every == 1 else f"token: one label in {every}")
        labels = [token_label(token, MOST_LETTERS) for token in tokens[:steps]]
        label_ticks(axes.set_xticks, labels, MOST_LABELS, rotation=90 if max(map(len, labels)) > 2 else 0, fontsize=8)


def decay(cell: Callable[..., Cell], field: str = "hidden") -> Float[Tensor, " lags"]:
    """‖∂L/∂h_{T-k}‖ / ‖∂L/∂h_T‖ at initialisation for k = 0, 1, …: geometric mean over seeds.

    x_t is normal, L = v·h_T with a normal v: many to one.
    """
    logarithms = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        recurrent = Recurrent(partial(cell, hidden_size=UNITS), INPUTS)
        with recording(recurrent) as trace:
            outputs, _ = recurrent(torch.randn(BATCH, LAGS + 1, INPUTS))
        norms = gradient_norms(trace, (outputs[:, -1] @ torch.randn(UNITS)).sum(), field=field)
        logarithms.append(ratio_by_lag(norms).log())
    return torch.stack(logarithms).mean(0).exp()


def gradient_flow() -> Figure:
    """`decay` against the lag on a logarithmic axis, of networks without gates at the left, with gates at the right."""
    figure = Figure(figsize=(12, 6), layout="constrained")
    title = (
        f"The gradient k steps back over that at the end, before training ({UNITS} units, {INPUTS} normal inputs, {SEEDS} seeds)"
    )
    figure.suptitle(title, fontsize=11)
    for axes, cells in zip(figure.subplots(1, 2, sharey=True), (SIMPLE, GATED), strict=True):
        for (name, cell), (colour, marker) in zip(cells.items(), LINES, strict=True):
            ratio = decay(cell)
            style = {"color": colour, "marker": marker, "markevery": (5, 20), "markersize": 6}
            axes.plot(ratio, label=f"{name}: {ratio[50]:.1e} at lag 50", **style)
            if name.startswith("LSTM"):
                ratio = decay(cell, "memory")
                axes.plot(ratio, linestyle="--", label=f"    its memory c: {ratio[50]:.1e}", **style)
        axes.axhline(1, color=GREY, linewidth=1)
        axes.set(yscale="log", xlabel="lag k", ylim=(1e-28, 1e4))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=9, loc="lower left")
    left, right = figure.axes
    left.set(ylabel=r"$\|\partial L/\partial h_{T-k}\|\ /\ \|\partial L/\partial h_T\|$", title="without gates")
    right.set_title("with gates; dashed: the same for an LSTM's memory c")
    return figure
