"""What came out, drawn: a line for each claim with its mark, its effect and its interval; claims of one metric share an axis."""

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from ablate.ablation.judge.verdict import Estimate, Outcome
from ablate.ablation.report.figure import VERDICT, hide_spines, new_figure
from ablate.ablation.report.format import MARKS, effect
from ablate.figure.colours import CREAM, DARK_GREY, GREY, NAVY, PALE_GREY, SKY_BLUE

WIDTH, TEXT_LEFT, TEXT_RIGHT, LEFT, RIGHT = 10.5, 0.38, 6.25, 6.45, 10.25  # inches from the left
LINE, GAP, HEAD, FOOT = 0.18, 0.12, 0.4, 0.4  # inches: a line of text, between claims, above and below the axes of a metric
CHARACTERS, LABEL, MOST_LINES = 56, 40, 3


class Block(NamedTuple):
    """The lines of one claim: those of its statement and, if it has several effects, one for each."""

    outcome: Outcome
    statement: list[str]

    @property
    def lines(self) -> int:
        """How many lines it takes."""
        effects = len(self.outcome.estimates)
        return len(self.statement) + (effects if effects > 1 else 0)


def plot_claims(outcomes: Sequence[Outcome]) -> Figure:
    """One line for each claim; in grey, beside its interval, the effects that do not count."""
    groups: dict[tuple[str, str], list[Block]] = {}
    for outcome in outcomes:
        statement = wrap(outcome.claim.statement, CHARACTERS, max_lines=MOST_LINES, placeholder=" …")
        groups.setdefault((outcome.claim.metric, outcome.claim.scale), []).append(Block(outcome, statement))
    heights = [sum(LINE * block.lines + GAP for block in blocks) for blocks in groups.values()]
    total = sum(heights) + (HEAD + FOOT) * len(groups)
    figure, top = new_figure(total, WIDTH, margin=(0, 0, 0, 0)), total
    for ((metric, scale), blocks), height in zip(groups.items(), heights, strict=True):
        top -= HEAD + height
        axes = figure.add_axes((LEFT / WIDTH, top / total, (RIGHT - LEFT) / WIDTH, height / total))
        axes.set_ylim(height, 0)  # a unit is an inch
        _plot_group(axes, metric, scale, blocks)
        top -= FOOT
    return figure


def _plot_group(axes: Axes, metric: str, scale: str, blocks: Sequence[Block]) -> None:
    shown: Callable = np.exp if scale == "log" else np.asarray
    low, high = _limits([block.outcome for block in blocks])
    axes.set(yticks=[], xlim=(shown(low), shown(high)))
    if scale == "log":
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)) if high - low > np.log(4) else MaxNLocator(5))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.axvline(shown(0.0), color=GREY, lw=1, zorder=1)
    axes.grid(axis="x", color=PALE_GREY, lw=0.6, zorder=0)
    axes.tick_params(labelsize=8)
    hide_spines(axes)
    unit = "a ratio" if scale == "log" else "a difference"
    _write(axes, 0.1, -0.14, f"{metric}, {unit}", fontweight="bold", fontsize=9)
    y = GAP / 2
    for block in blocks:
        _plot_block(axes, block, y, (low, high), shown)
        y += LINE * block.lines + GAP


def _plot_block(axes: Axes, block: Block, y: float, limits: tuple[float, float], shown: Callable) -> None:
    outcome, estimates = block.outcome, block.outcome.estimates
    colour = VERDICT.get(outcome.verdict, DARK_GREY)
    _write(axes, 0.12, y + LINE / 2, MARKS[outcome.verdict], color=colour, fontweight="bold", fontsize=11)
    for i, line in enumerate(block.statement):
        _write(axes, TEXT_LEFT, y + LINE * (i + 0.5), line)
    first = y + LINE / 2 if len(estimates) == 1 else y + LINE * (len(block.statement) + 0.5)
    for i, estimate in enumerate(estimates):
        at = first + LINE * i
        if len(estimates) > 1:
            label = estimate.label if len(estimate.label) <= LABEL else f"{estimate.label[:LABEL]}…"
            _write(axes, TEXT_LEFT + 0.15, at, label, color=GREY, fontsize=7.5)
        _write(axes, TEXT_RIGHT, at, effect(estimate), ha="right", color=colour)
        _plot_estimate(axes, at, estimate, outcome.claim.least, limits, shown)


def _plot_estimate(axes: Axes, y: float, estimate: Estimate, least: float, limits: tuple[float, float], shown: Callable) -> None:
    if least:
        axes.fill_between(shown(np.array([-least, least])), y - LINE / 2, y + LINE / 2, color=CREAM, lw=0, zorder=0)
    if not np.isfinite(estimate.mean):
        return
    axes.plot(shown(estimate.values), np.full(len(estimate.values), y + 0.05), "o", ms=3.5, color=SKY_BLUE, alpha=0.8, mec="none")
    if estimate.bounded:
        low, high = np.clip([estimate.low, estimate.high], *limits)
        axes.plot(shown(np.array([low, high])), [y - 0.03, y - 0.03], color=NAVY, lw=1.8, solid_capstyle="butt")
        for end, drawn, arrow in ((estimate.low, low, "<"), (estimate.high, high, ">")):
            if end != drawn:  # it reaches beyond the axis
                axes.plot(shown(drawn), y - 0.03, arrow, ms=5, color=NAVY, clip_on=False)
    axes.plot(shown(estimate.mean), y - 0.03, "D", ms=4, color=NAVY)


def _limits(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    """Ends of the axis: all seeds, zero and the least effects; of intervals at most as much again on each side."""
    estimates = [estimate for outcome in outcomes for estimate in outcome.estimates if np.isfinite(estimate.mean)]
    seen = np.concatenate([[0.0], *(e.values for e in estimates), *([o.claim.least, -o.claim.least] for o in outcomes)])
    low, high = float(seen.min()), float(seen.max())
    span = (high - low) or 1.0
    ends = _finite([end for e in estimates for end in (e.low, e.high)])
    low, high = min([low, *ends[ends > low - span]]), max([high, *ends[ends < high + span]])
    return low - 0.06 * (high - low or 1.0), high + 0.06 * (high - low or 1.0)


def _finite(values: Sequence[float]) -> Float[np.ndarray, " n"]:
    array = np.array(values, float)
    return array[np.isfinite(array)]


def _write(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    """Text `x` inches from the left of the figure, at the height `y` of the axes."""
    place = (x - LEFT) / (RIGHT - LEFT)
    axes.text(place, y, text, transform=axes.get_yaxis_transform(), **{"va": "center", "fontsize": 8.5, **style})
