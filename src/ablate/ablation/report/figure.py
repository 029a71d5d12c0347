"""Figures of reports: their size; the value of every seed and the interval of their mean for each cell."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ablate.ablation.judge import statistics
from ablate.ablation.report.cells import CellSummary
from ablate.figure.colours import DARK_GREEN, DARK_ORANGE, NAVY, PALE_GREY, SKY_BLUE, VERMILLION
from ablate.figure.labels import label_ticks, printable

VERDICT = {"supported": DARK_GREEN, "refuted": DARK_ORANGE}
WIDTH, DPI = 8.0, 110  # inches, dots an inch


def new_figure(height: float, width: float = WIDTH, *, margin: tuple[float, float, float, float] | None = None) -> Figure:
    """An empty figure that pyplot does not know.

    Args:
        height: in inches, as all sizes here.
        margin: left, right, top, bottom; without it matplotlib searches for a layout, which takes ten times as long for many axes.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, layout=None if margin else "constrained", facecolor="white")
    FigureCanvasAgg(figure)
    if margin:
        left, right, top, bottom = margin
        figure.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)
    return figure


def axes_rows(
    count: int, columns: int, row_height: float, top: float, margin: tuple[float, float, float, float]
) -> tuple[Figure, list[Axes]]:
    """A figure, 10 inches wide and `top` + rows · `row_height` high, with axes for `count` plots over steps, row by row."""
    rows = -(-count // columns)
    figure = new_figure(top + row_height * rows, 10.0, margin=margin)
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for unused in axes[count:]:
        unused.set_visible(False)
    figure.supxlabel("step", fontsize=9, y=0.1 / figure.get_figheight())
    return figure, axes[:count]


def plot_points(cells: Sequence[CellSummary], metric: str, better: str, majority: float | None = None) -> Figure:
    """One row for each cell: a dot for each seed, and the mean with its 95 % interval.

    Args:
        majority: the value of always predicting the majority class, a dashed line.
    """
    figure = new_figure(0.9 + 0.3 * len(cells))
    axes = figure.subplots()
    for y, cell in enumerate(cells):
        _plot_seeds(axes, y, np.array(cell.scores[metric]))
    label_ticks(axes.set_yticks, [printable(cell.name) for cell in cells], len(cells))
    axes.set_ylim(len(cells) - 0.4, -0.6)
    if majority is not None:
        axes.axvline(majority, color=VERMILLION, ls="--", lw=1.2)
        axes.text(majority, -0.7, "majority class", color=VERMILLION, fontsize=8, ha="center", va="bottom")
    if seen := [value for cell in cells for value in cell.scores[metric]] + ([] if majority is None else [majority]):
        room = 0.4 * (max(seen) - min(seen)) or 0.1  # the interval of two seeds is so long that the dots would be one
        axes.set_xlim(max(axes.get_xlim()[0], min(seen) - room), min(axes.get_xlim()[1], max(seen) + room))
    axes.set_xlabel(f"{metric} ({'higher' if better == 'maximise' else 'lower'} is better)")
    axes.grid(axis="x", color=PALE_GREY)
    hide_spines(axes)
    return figure


def _plot_seeds(axes: Axes, y: float, values: np.ndarray) -> None:
    if not len(values):
        return
    axes.plot(values, np.full(len(values), y + 0.16), "o", ms=4.5, color=SKY_BLUE, alpha=0.8, mec="none", zorder=2)
    axes.plot(statistics.interval(values), [y - 0.1, y - 0.1], color=NAVY, lw=2, solid_capstyle="butt", zorder=3)
    axes.plot(values.mean(), y - 0.1, "D", ms=5, color=NAVY, zorder=4)


def hide_spines(axes: Axes) -> None:
    """Leave only the axis below."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)
