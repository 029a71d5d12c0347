"""Pictures of the inside of a recurrent network: how far its gradient reaches, its states, its gates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ablate.analysis.recurrent import look
from ablate.analysis.trace import gradient_by_lag, ratio_by_lag
from ablate.callback.show import show
from ablate.errors import check_positive, check_whole

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "$": r"\$"}
SHARE = 0.5  # of the sequences that must have a lag: beyond, a curve would be of the few longest
MOST_LABELS = 60  # on an axis


class Inside(Callback):
    """Plots the inside of a recurrent network before training and after each validation, on the same samples of its split.

    The gradient norm against the lag over training, the hidden states and the gate openings over one sequence go into TensorBoard
    and inside_gradient.png, inside_states.png, inside_gates.png. `inside/gradient_ratio` is the norm at the largest lag over that
    at lag 0. Lags end where fewer than half of the sequences have them. A network without recurrence has no such plots.

    Args:
        folder: where the pictures go.
        samples: how many sequences the gradient is averaged over; the longest of them is the one that is drawn.
        cell: which one is looked at: layer by layer, forward before backward, from 0.
    """

    def __init__(self, folder: str, samples: int, cell: int) -> None:
        self.folder = Path(folder)
        self.samples = check_positive("samples", samples)
        self.cell = check_whole("cell", cell, 0)
        self.batch = None
        self.norms: list[tuple[int, list[float]]] = []  # by step

    @rank_zero_only
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self.norms:  # else a continued run has been looked at
            self._look(trainer, pl_module)

    @rank_zero_only
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._look(trainer, pl_module)

    def state_dict(self) -> dict:
        return {"norms": self.norms}

    def load_state_dict(self, state_dict: dict) -> None:
        self.norms = state_dict["norms"]

    def _look(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.batch is None:
            with torch.inference_mode(False):
                self.batch = trainer.datamodule.some("val", self.samples, pl_module.device)
        if (seen := look(pl_module, self.batch, self.cell)) is None:
            return
        step, words = trainer.global_step, _words(trainer, self.batch, seen.row)
        kept = (~seen.norms.isnan()).double().mean(0) >= SHARE
        kept[0] = True  # of a diverged network nothing else is a number either
        self.norms.append((step, gradient_by_lag(seen.norms)[kept].tolist()))
        self._show(trainer, "gradient", draw_gradients(self.norms))
        self._show(trainer, "states", draw_states(seen.states, words))
        if seen.gates:
            self._show(trainer, "gates", draw_gates(seen.gates, words))
        ratio = float(ratio_by_lag(seen.norms)[kept][-1])
        for logger in trainer.loggers:
            logger.log_metrics({"inside/gradient_ratio": ratio}, step=step)

    def _show(self, trainer: Trainer, name: str, figure: Figure) -> None:
        show(figure, self.folder / f"inside_{name}.png", trainer, f"inside/{name}", trainer.global_step)


def _words(trainer: Trainer, batch: tuple, row: int) -> list[str] | None:
    """The tokens of a sequence, where it has any."""
    tokenisers = trainer.datamodule.tokenisers
    return [tokenisers["source"].vocabulary.tokens[number] for number in batch.input[row].tolist()] if tokenisers else None


def draw_gradients(norms: Sequence[tuple[int, Sequence[float]]]) -> Figure:
    """A line for each look, coloured by its step; a gradient of exactly 0 is left out of the logarithmic axis."""
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    scale = ScalarMappable(Normalize(0, max(1, norms[-1][0])), colormaps["cividis_r"])
    for step, line in norms:
        axes.plot([norm or np.nan for norm in line], color=scale.to_rgba(step), marker="." if len(line) == 1 else None)
    axes.set(yscale="log", xlabel="lag: steps before the end", ylabel="‖∂L/∂h‖, root mean square of the sequences")
    axes.set_title("Gradient of the last step's loss at the states before it", fontsize=10)
    axes.grid(alpha=0.3)
    figure.colorbar(scale, ax=axes, label="step of training")
    return figure


def draw_states(states: Float[np.ndarray, "t n"], words: Sequence[str] | None = None) -> Figure:
    """A column a step, a row a unit; white where a unit is 0."""
    figure, (axes,) = _frames(states.shape, 1)
    limit = float(np.nan_to_num(abs(states), posinf=0).max()) or 1.0  # a diverged training is drawn too
    shown = axes.imshow(states.T, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    figure.colorbar(shown, ax=axes, label="h")
    axes.set(ylabel="unit", title="hidden states")
    _label_steps(axes, len(states), words)
    return figure


def draw_gates(gates: dict[str, Float[np.ndarray, "t n"]], words: Sequence[str] | None = None) -> Figure:
    """A heat map a gate: a column a step, a row a unit; dark is shut, bright is open."""
    figure, frames = _frames(next(iter(gates.values())).shape, len(gates))
    for axes, (name, opening) in zip(frames, gates.items(), strict=True):
        shown = axes.imshow(opening.T, cmap="cividis", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set(ylabel="unit", title=f"{name} gate, on average {opening.mean():.2f}")
        axes.tick_params(labelbottom=False)
    figure.colorbar(shown, ax=frames.tolist(), label="opening")
    _label_steps(frames[-1], len(opening), words)
    return figure


def _frames(shape: tuple[int, int], count: int) -> tuple[Figure, np.ndarray]:
    steps, units = shape
    height = min(5.0, 1.5 + 0.03 * units) if count == 1 else min(3.0, 1.2 + 0.02 * units)
    figure = Figure(figsize=(min(14.0, max(6.5, 2 + 0.18 * steps)), count * height + 0.9), layout="constrained")
    return figure, figure.subplots(count, sharex=True, squeeze=False)[:, 0]


def _label_steps(axes: Axes, steps: int, words: Sequence[str] | None) -> None:
    axes.tick_params(labelbottom=True)
    if words is None:
        axes.set_xlabel("step")
        return
    shown = ["".join(VISIBLE.get(letter, letter) for letter in word) for word in words[:steps]]
    places = range(0, steps, -(-steps // MOST_LABELS))
    long = any(len(shown[place]) > 2 for place in places)
    axes.set_xticks(places, [shown[place] for place in places], rotation=90 if long else 0, fontsize=8)
    axes.set_xlabel("token")
