"""A recurrent network over time: the reach of its gradient, its hidden states, its gates."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ablate.figure.labels import label_ticks, token_label

MOST_LETTERS, MOST_LABELS = 17, 60  # of a token, along an axis


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
    figure = Figure(figsize=(min(14.0, max(6.5, 2 + 0.18 * steps)), count * height + 0.9), layout="constrained")
    return figure, figure.subplots(count, sharex=True, squeeze=False)[:, 0]


def _show(axes: Axes, values: Float[np.ndarray, "t n"], cmap: str, low: float, high: float) -> ScalarMappable:
    axes.set_ylabel("unit")
    return axes.imshow(values.T, cmap=cmap, vmin=low, vmax=high, aspect="auto", interpolation="nearest")


def _label_steps(axes: Axes, steps: int, tokens: Sequence[str] | None) -> None:
    axes.tick_params(labelbottom=True)
    axes.set_xlabel("step" if tokens is None else "token")
    if tokens is not None:
        labels = [token_label(token, MOST_LETTERS) for token in tokens[:steps]]
        label_ticks(axes.set_xticks, labels, MOST_LABELS, rotation=90 if max(map(len, labels)) > 2 else 0, fontsize=8)
