"""The figures of a report's page that one explores: a dot says which run it is and leads to it, a curve can be switched off."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, HoverTool, LayoutDOM, Legend, LinearAxis, OpenURL, PlainText, Range1d, Span, TapTool
from bokeh.palettes import turbo
from bokeh.plotting import figure

from ablate.ablation.judge import statistics
from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report.curves import Band
from ablate.ablation.report.format import MARKS, effect
from ablate.figure.colours import CREAM, CURVES, DARK_GREY, GREY, NAVY, SKY_BLUE, VERMILLION

WIDTH, ROW, CLAIM, LETTERS = 1150, 22, 34, 60  # pixels of a figure, a cell and a claim; letters in a line of a statement
Run = tuple[str, int]  # cell and seed


def explore_points(
    cells: Mapping[str, Mapping[int, float]], metric: str, links: Mapping[Run, str], majority: float | None = None
) -> LayoutDOM:
    """One row for each cell: a dot for each seed, the mean and its 95 % interval.

    Args:
        cells: maps each cell to the value of each seed.
        links: where a click on a run leads.
        majority: the value of always predicting the majority class, a dashed line.
    """
    plot, names = _rows([*cells], metric, ROW), [*cells]
    runs = [(y, cell, seed, value) for y, cell in enumerate(names) for seed, value in cells[cell].items()]
    _dots(plot, {
        "x": [value for *_, value in runs], "y": [y + 0.18 for y, *_ in runs], "cell": [cell for _, cell, *_ in runs],
        "seed": [seed for *_, seed, _ in runs], "link": [links.get((cell, seed), "") for _, cell, seed, _ in runs],
    }, [("cell", "@cell"), ("seed", "@seed"), (metric, "@x{0.0000}")])  # fmt: skip
    for y, cell in enumerate(names):
        if values := [*cells[cell].values()]:
            _interval(plot, y - 0.12, float(np.mean(values)), *map(float, statistics.interval(np.array(values))))
    if majority is not None:
        plot.add_layout(Span(location=majority, dimension="height", line_color=VERMILLION, line_dash="dashed"))
    if seen := [value for *_, value in runs] + ([] if majority is None else [majority]):
        room = 0.2 * (max(seen) - min(seen)) or 0.1
        plot.x_range = Range1d(min(seen) - room, max(seen) + room)
    return plot


def explore_effects(outcomes: Sequence[Outcome]) -> LayoutDOM:
    """A row for each contrast of each claim: the effect of each seed, mean and interval; claims of one metric share an axis."""
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.claim.metric, outcome.claim.scale), []).append(outcome)
    return column(*map(_effects, groups.values()))


def _effects(outcomes: Sequence[Outcome]) -> figure:
    claims = [(outcome, estimate) for outcome in outcomes for estimate in outcome.estimates]
    first = outcomes[0].claim
    shown = np.exp if first.scale == "log" else np.asarray
    labels = [_label(outcome, estimate.label) for outcome, estimate in claims]
    unit = "a ratio" if first.scale == "log" else "a difference"
    plot = _rows(labels, f"{first.metric}, {unit}", CLAIM, "log" if first.scale == "log" else "linear")
    values = LinearAxis(
        ticker=[*range(len(claims))], major_label_overrides={y: PlainText(text=effect(e)) for y, (_, e) in enumerate(claims)}
    )
    plot.add_layout(values, "right")
    dots: dict[str, list] = {name: [] for name in ("x", "y", "claim", "seed", "verdict", "whole")}
    for y, (outcome, estimate) in enumerate(claims):
        least = shown(np.array([-outcome.claim.least, outcome.claim.least]))
        plot.quad(left=least[0], right=least[1], bottom=y - 0.5, top=y + 0.5, color=CREAM, level="underlay")
        for seed, value in zip(estimate.seeds, shown(estimate.values), strict=True):
            if np.isfinite(value):
                row = (float(value), y + 0.18, outcome.claim.statement, seed, outcome.verdict, effect(estimate))
                for name, each in zip(dots, row, strict=True):
                    dots[name].append(each)
        if np.isfinite(estimate.mean):
            _interval(plot, y - 0.12, *map(float, shown(np.array([estimate.mean, estimate.low, estimate.high]))))
    told = [("claim", "@claim"), ("verdict", "@verdict, @whole"), ("seed", "@seed"), ("effect", "@x{0.0000}")]
    _dots(plot, dots, told)
    plot.add_layout(Span(location=float(shown(np.array(0.0))), dimension="height", line_color=GREY))
    ends = np.array([*dots["x"], *(float(shown(np.array(e))) for o in outcomes for e in (-o.claim.least, o.claim.least))])
    room = 0.15 * (ends.max() - ends.min()) or 0.1
    plot.x_range = (
        Range1d(ends.min() / 1.3, ends.max() * 1.3) if first.scale == "log" else Range1d(ends.min() - room, ends.max() + room)
    )
    return plot


def explore_curves(cells: Mapping[str, Band], tag: str, order: Sequence[str]) -> LayoutDOM:
    """The mean of each cell over steps with a band from the lowest seed to the highest; a click in the legend hides a cell."""
    names = [name for name in order if name in cells]
    colours = CURVES if len(names) <= len(CURVES) else turbo(len(names))
    plot = figure(width=WIDTH, height=max(360, 60 + 20 * len(names)), tools="pan,wheel_zoom,box_zoom,reset",
                  x_axis_label="step", y_axis_label=PlainText(text=tag), name=tag)  # fmt: skip
    plot.toolbar.logo, entries = None, []
    for name, colour in zip(names, colours, strict=False):
        band = cells[name]
        source = ColumnDataSource(
            {"x": band.steps, "y": band.mean, "low": band.low, "high": band.high, "cell": [name] * len(band.steps)}
        )
        parts = [plot.varea("x", "low", "high", source=source, color=colour, alpha=0.12)]
        parts.append(plot.line("x", "y", source=source, color=colour, line_width=2))
        marks = plot.scatter("x", "y", source=source, color=colour, size=5)
        plot.add_tools(HoverTool(renderers=[marks], tooltips=[("cell", "@cell"), ("step", "@x"), (tag, "@y{0.0000}")]))
        entries.append((name, [*parts, marks]))
    plot.add_layout(Legend(items=entries, click_policy="hide", label_text_font_size="9pt", spacing=0), "right")
    return plot


def _rows(labels: Sequence[str], axis: str, height: int, scale: str = "linear") -> figure:
    """A figure with a row of `height` pixels for each label, the first one on top."""
    plot = figure(width=WIDTH, height=60 + height * len(labels), y_range=(len(labels) - 0.4, -0.6), x_axis_type=scale,
                  tools="pan,xwheel_zoom,reset", x_axis_label=PlainText(text=axis), name=axis)  # fmt: skip
    plot.toolbar.logo, plot.toolbar.autohide = None, True
    plot.yaxis.ticker = list(range(len(labels)))
    plot.yaxis.major_label_overrides = {y: PlainText(text=label) for y, label in enumerate(labels)}  # no LaTeX
    plot.ygrid.visible = False
    plot.yaxis.major_label_text_color = DARK_GREY
    return plot


def _dots(plot: figure, columns: Mapping[str, Sequence], told: Sequence[tuple[str, str]]) -> None:
    """Dots that say `told` under the pointer, and lead to their `link` if they have any."""
    dots = plot.scatter("x", "y", source=ColumnDataSource(dict(columns)), size=7, color=SKY_BLUE, alpha=0.85, line_color=None)
    plot.add_tools(HoverTool(renderers=[dots], tooltips=[*told]))
    if any(columns.get("link", [])):
        plot.add_tools(TapTool(renderers=[dots], callback=OpenURL(url="@link")))


def _interval(plot: figure, y: float, mean: float, low: float, high: float) -> None:
    if np.isfinite([low, high]).all():
        plot.segment([low], [y], [high], [y], color=NAVY, line_width=2)
    plot.scatter([mean], [y], marker="diamond", size=9, color=NAVY)


def _label(outcome: Outcome, label: str) -> str:
    """Mark and statement in at most two lines; of one of several contrasts the claim's name and the contrast."""
    text = outcome.claim.statement if len(outcome.estimates) == 1 else f"{outcome.claim.name}: {label}"
    return "\n".join(wrap(f"{MARKS[outcome.verdict]} {text}", LETTERS, max_lines=2, placeholder=" …"))
