"""Plots of results: the value of every seed and the interval of their mean, for each cell and each claim."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ablate.ablation.judge import statistics
from ablate.ablation.judge.verdict import Estimate, Outcome
from ablate.ablation.report.cells import CellSummary
from ablate.ablation.report.format import MARKS
from ablate.figure.colours import CREAM, DARK_GREEN, DARK_GREY, DARK_ORANGE, GREY, NAVY, PALE_GREY, SKY_BLUE
from ablate.files import write_atomically

VERDICT = {"supported": DARK_GREEN, "refuted": DARK_ORANGE}
WIDTH, DPI = 8.0, 110  # inches, dots an inch
LONGEST = 90  # characters of a title beside its verdict


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


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG, whole or not at all; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    write_atomically(path, picture.getvalue())
    return path


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


def plot_points(cells: Sequence[CellSummary], metric: str, better: str) -> Figure:
    """One row for each cell: a dot for each seed, and the mean with its 95 % interval."""
    figure = new_figure(0.9 + 0.3 * len(cells))
    axes = figure.subplots()
    for y, cell in enumerate(cells):
        _plot_seeds(axes, y, np.array(cell.scores[metric]))
    axes.set_yticks(range(len(cells)), [cell.name for cell in cells])
    axes.set_ylim(len(cells) - 0.4, -0.6)
    if seen := [value for cell in cells for value in cell.scores[metric]]:
        room = 0.4 * (max(seen) - min(seen)) or 0.1  # the interval of two seeds is so long that the dots would be one
        axes.set_xlim(max(axes.get_xlim()[0], min(seen) - room), min(axes.get_xlim()[1], max(seen) + room))
    axes.set_xlabel(f"{metric} ({'higher' if better == 'maximise' else 'lower'} is better)")
    axes.grid(axis="x", color=PALE_GREY)
    _hide_spines(axes)
    return figure


def plot_claims(outcomes: Sequence[Outcome]) -> Figure:
    """One strip for each contrast: the effect of each seed, the interval of their mean, in grey effects that do not count."""
    strips = [(outcome, estimate) for outcome in outcomes for estimate in outcome.estimates]
    figure = new_figure(0.95 * len(strips) + 0.1, margin=(0.2, 0.2, 0.25, 0.3))
    figure.subplots_adjust(hspace=1.1)
    for axes, (outcome, estimate) in zip(figure.subplots(len(strips), squeeze=False)[:, 0], strips, strict=True):
        _strip(axes, outcome, estimate)
    return figure


def _strip(axes: Axes, outcome: Outcome, estimate: Estimate) -> None:
    least = outcome.claim.least_effect
    _plot_seeds(axes, 0, estimate.values, (estimate.low, estimate.high))
    axes.axvspan(-least, least, color=CREAM, lw=0, zorder=0)
    axes.axvline(0, color=GREY, lw=1, zorder=1)
    axes.set(ylim=(0.7, -0.5), yticks=[])
    title = f"{outcome.claim.name}: {estimate.label}, {outcome.claim.metric}"
    if len(title) > LONGEST:
        title = f"{outcome.claim.name}, {outcome.claim.metric}"
    axes.set_title(title, fontsize=9, loc="left")
    word = f"{MARKS[outcome.verdict]} {outcome.verdict}"
    axes.set_title(word, fontsize=9, loc="right", color=VERDICT.get(outcome.verdict, DARK_GREY), fontweight="bold")
    axes.tick_params(labelsize=8)
    _hide_spines(axes)


def _plot_seeds(axes: Axes, y: float, values: np.ndarray, ends: tuple[float, float] | None = None) -> None:
    if not len(values):
        return
    low, high = ends or statistics.interval(values)
    axes.plot(values, np.full(len(values), y + 0.16), "o", ms=4.5, color=SKY_BLUE, alpha=0.8, mec="none", zorder=2)
    axes.plot([low, high], [y - 0.1, y - 0.1], color=NAVY, lw=2, solid_capstyle="butt", zorder=3)
    axes.plot(values.mean(), y - 0.1, "D", ms=5, color=NAVY, zorder=4)


def _hide_spines(axes: Axes) -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)
