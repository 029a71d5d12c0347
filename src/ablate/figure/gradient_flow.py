"""The norm of the gradient many steps back, for cells and initialisations before any training."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from ablate.analysis.trace import gradient_norms, ratio_by_lag, recording
from ablate.figure.colours import BLACK, BLUE, GREEN, GREY, VERMILLION
from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.cell.elman import IRNN, Elman
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.layers import Recurrent

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
