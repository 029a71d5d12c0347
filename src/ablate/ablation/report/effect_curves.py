"""The effect of each claim over training: would stopping earlier have changed the verdict?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from ablate.ablation.judge import statistics
from ablate.ablation.report.curves import Band, Curve, plot_band
from ablate.ablation.report.figure import axes_rows
from ablate.ablation.spec.ablation import Claim
from ablate.ablation.spec.contrast import Contrast
from ablate.figure.colours import CREAM, GREY, NAVY

COLUMNS = 3


class EffectCurve(NamedTuple):
    """The mean effect of a contrast with its 95 % interval, at each step at which all its runs were validated."""

    claim: Claim
    label: str
    band: Band


def validation_tag(metric: str) -> str:
    """The metric of the validation split that belongs to one of the test split."""
    return metric.replace("test/", "val/", 1)


def effect_curves(claims: Iterable[Claim], rows: Sequence[Mapping], curves: Sequence[Mapping[str, Curve]]) -> list[EffectCurve]:
    """The curve of each contrast whose finished runs share at least two validated steps."""
    found = []
    for claim in claims:
        tag = validation_tag(claim.metric)
        runs = {
            (str(row["cell"]), int(row["seed"])): dict(zip(*curve[tag], strict=True))
            for row, curve in zip(rows, curves, strict=True)
            if row.get("status") == "finished" and tag in curve
        }
        found += [d for contrast in claim.contrasts if (d := _effect_curve(claim, contrast, runs)) is not None]
    return found


def _effect_curve(claim: Claim, contrast: Contrast, runs: Mapping[tuple[str, int], dict]) -> EffectCurve | None:
    seeds = sorted(set.intersection(*({s for c, s in runs if c == cell} for cell in contrast.weights)))
    used = [runs[cell, seed] for cell in contrast.weights for seed in seeds]
    steps = sorted(set.intersection(*map(set, used))) if used else []
    if len(steps) < 2:
        return None
    weighted = [
        weight * np.array([[runs[cell, seed][step] for seed in seeds] for step in steps])
        for cell, weight in contrast.weights.items()
    ]
    effect = np.sum(weighted, axis=0) - contrast.constant
    low, high = statistics.interval(effect)
    return EffectCurve(claim, contrast.label, Band(np.array(steps, float), effect.mean(-1), low, high))


def plot_effect_curves(curves: Sequence[EffectCurve]) -> Figure:
    """One plot for each contrast: the mean effect and its interval over training, and in grey effects that do not count."""
    figure, plots = axes_rows(len(curves), COLUMNS, 1.9, 0.6, margin=(0.55, 0.15, 0.45, 0.45))
    figure.subplots_adjust(hspace=0.55, wspace=0.22)
    for axes, curve in zip(plots, curves, strict=True):
        least = curve.claim.least_effect
        axes.axhspan(-least, least, color=CREAM, lw=0)
        axes.axhline(0, color=GREY, lw=1)
        plot_band(axes, curve.band, NAVY, marker="o", ms=3)
        axes.set_title(f"{curve.claim.name}\n{validation_tag(curve.claim.metric)}", fontsize=8, loc="left")
        axes.tick_params(labelsize=8)
    return figure
