"""Learning curves: the mean over seeds, with a band from the lowest seed to the highest."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from ablate.ablation.report.figure import axes_rows, new_figure
from ablate.errors import BadInput
from ablate.figure.colours import CURVES, LIGHT_GREY
from ablate.files import read_json

Curve = tuple[Float[np.ndarray, " _"], Float[np.ndarray, " _"]]
MOST_TOGETHER, COLUMNS, MOST_POINTS = 6, 4, 300
HISTORY = "history.json"


class Band(NamedTuple):
    """A mean over seeds at some steps of training, with the ends of a band around it."""

    steps: Float[np.ndarray, " t"]
    mean: Float[np.ndarray, " t"]
    low: Float[np.ndarray, " t"]
    high: Float[np.ndarray, " t"]


def history(row: Mapping) -> dict[str, Curve]:
    """Maps each tag in the run's history.json to steps and values; empty without that file.

    Raises:
        BadInput: the file is empty or cut, or holds no curves.
    """
    path = Path(str(row.get("folder", ""))) / HISTORY
    try:
        points = {tag: np.array(curve, dtype=float).reshape(-1, 2) for tag, curve in read_json(path).items()}
    except (ValueError, TypeError):
        raise BadInput(f"{path} holds no curves of steps and values") from None
    return {tag: (curve[:, 0], curve[:, 1]) for tag, curve in points.items()}


def bands(rows: Iterable[Mapping], curves: Iterable[Mapping[str, Curve]], tags: Sequence[str]) -> dict:
    """Maps each tag and cell to the Band of its finished runs; a cell without a curve is left out."""
    by_cell: dict[str, dict[str, list[Curve]]] = {tag: {} for tag in tags}
    for row, history in zip(rows, curves, strict=True):
        for tag in by_cell.keys() & history.keys() if row.get("status") == "finished" else ():
            steps, values = history[tag]
            good = np.isfinite(values)
            if good.any():
                by_cell[tag].setdefault(str(row["cell"]), []).append((steps[good], values[good]))
    return {tag: {cell: band(each) for cell, each in cells.items()} for tag, cells in by_cell.items() if cells}


def band(curves: Sequence[Curve]) -> Band:
    """The mean of curves with their lowest and highest value, at the steps that all of them cover, interpolated linearly."""
    start, end = max(steps[0] for steps, _ in curves), min(steps[-1] for steps, _ in curves)
    steps = np.unique(np.concatenate([steps[(steps >= start) & (steps <= end)] for steps, _ in curves]))
    if len(steps) > MOST_POINTS:
        steps = steps[np.linspace(0, len(steps) - 1, MOST_POINTS).round().astype(int)]
    values = np.stack([np.interp(steps, *curve) for curve in curves])
    return Band(steps, values.mean(0), values.min(0), values.max(0))


def plot_curves(cells: Mapping[str, Band], tag: str, order: Sequence[str]) -> Figure:
    """Plot up to six cells together; of more cells, each in a plot of its own with the others in grey."""
    names = [name for name in order if name in cells]
    if len(names) <= MOST_TOGETHER:
        figure = new_figure(4.0)
        axes = figure.subplots()
        for name, colour in zip(names, CURVES, strict=False):
            plot_band(axes, cells[name], colour, label=name)
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        axes.set(xlabel="step", ylabel=tag)
        return figure
    figure, plots = axes_rows(len(names), COLUMNS, 1.75, 0.7, margin=(0.75, 0.15, 0.3, 0.55))
    figure.subplots_adjust(hspace=0.28, wspace=0.12)
    others = [np.column_stack([cells[name].steps, cells[name].mean]) for name in names]
    for i, (name, axes) in enumerate(zip(names, plots, strict=True)):
        axes.sharex(plots[0])
        axes.sharey(plots[0])
        axes.add_collection(LineCollection(others, colors=LIGHT_GREY, linewidths=0.6))
        plot_band(axes, cells[name], CURVES[0])
        axes.set_title(name, fontsize=9, loc="left")
        axes.tick_params(labelsize=8, labelbottom=i + COLUMNS >= len(names), labelleft=i % COLUMNS == 0)
    figure.supylabel(tag, fontsize=9, x=0.01)
    return figure


def plot_band(axes: Axes, curve: Band, colour: str, **line: Any) -> None:
    """Plot the mean as a line with the options `line`, and the band in a light colour."""
    axes.fill_between(curve.steps, curve.low, curve.high, color=colour, alpha=0.2, lw=0)
    axes.plot(curve.steps, curve.mean, color=colour, lw=1.6, **line)
    axes.spines[["top", "right"]].set_visible(False)
