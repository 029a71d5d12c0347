"""How the effect behind each claim develops over training: whether a verdict hangs on when one stops."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from ablate.ablation.judge import statistics
from ablate.ablation.report.curves import Curve
from ablate.ablation.report.figure import new_figure
from ablate.ablation.spec.ablation import Claim
from ablate.ablation.spec.contrast import Contrast
from ablate.figure.colours import CREAM, GREY, NAVY

COLUMNS, WIDTH = 3, 10.0


class Development(NamedTuple):
    """Mean effect and its 95 % interval at each step that all runs of a contrast validated at."""

    claim: Claim
    label: str
    steps: Float[np.ndarray, " t"]
    mean: Float[np.ndarray, " t"]
    low: Float[np.ndarray, " t"]
    high: Float[np.ndarray, " t"]


def validated(metric: str) -> str:
    """The tag under which a metric of the test split is followed during training."""
    return metric.replace("test/", "val/", 1)


def developments(claims: Iterable[Claim], rows: Sequence[Mapping], curves: Sequence[Mapping[str, Curve]]) -> list[Development]:
    """One for each contrast whose finished runs were all validated at two steps or more."""
    found = []
    for claim in claims:
        tag = validated(claim.metric)
        runs = {
            (str(row["cell"]), int(row["seed"])): dict(zip(*curve[tag], strict=True))
            for row, curve in zip(rows, curves, strict=True)
            if row.get("status") == "finished" and tag in curve
        }
        found += [d for contrast in claim.contrasts if (d := _development(claim, contrast, runs)) is not None]
    return found


def _development(claim: Claim, contrast: Contrast, runs: Mapping[tuple[str, int], dict]) -> Development | None:
    seeds = sorted(set.intersection(*({s for c, s in runs if c == cell} for cell in contrast.weights)))
    used = [runs[cell, seed] for cell in contrast.weights for seed in seeds]
    steps = sorted(set.intersection(*map(set, used))) if used else []
    if len(steps) < 2:
        return None
    weighted = [
        weight * np.array([[runs[cell, seed][step] for seed in seeds] for step in steps])
        for cell, weight in contrast.weights.items()
    ]
    effect = sum(weighted) - contrast.constant
    low, high, _ = statistics.interval(effect)
    return Development(claim, contrast.label, np.array(steps), effect.mean(-1), low, high)


def draw_developments(found: Sequence[Development]) -> Figure:
    """A frame a contrast: the mean effect and its interval over training; in grey what does not count."""
    lines = -(-len(found) // COLUMNS)
    figure = new_figure(0.6 + 1.9 * lines, WIDTH, margin=(0.55, 0.15, 0.45, 0.45))
    figure.subplots_adjust(hspace=0.55, wspace=0.22)
    frames = figure.subplots(lines, COLUMNS, squeeze=False).ravel()
    for axes, each in zip(frames, found, strict=False):
        least = each.claim.least_effect
        axes.axhspan(-least, least, color=CREAM, lw=0)
        axes.axhline(0, color=GREY, lw=1)
        axes.fill_between(each.steps, each.low, each.high, color=NAVY, alpha=0.2, lw=0)
        axes.plot(each.steps, each.mean, color=NAVY, lw=1.6, marker="o", ms=3)
        axes.set_title(f"{each.claim.name}\n{validated(each.claim.metric)}", fontsize=8, loc="left")
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in frames[len(found) :]:
        axes.set_visible(False)
    figure.supxlabel("step", fontsize=9, y=0.1 / figure.get_figheight())
    return figure
