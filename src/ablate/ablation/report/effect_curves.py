"""The effect of each claim over training: would stopping earlier have changed the verdict?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from ablate.ablation.judge import statistics
from ablate.ablation.judge.verdict import contrast_values
from ablate.ablation.report.curves import Band, Curve, plot_band
from ablate.ablation.report.figure import axes_rows
from ablate.ablation.spec.ablation import Claim
from ablate.ablation.spec.contrast import Contrast
from ablate.figure.colours import CREAM, GREY, NAVY

COLUMNS = 3


class EffectCurve(NamedTuple):
    """The mean effect of a contrast with its plain 95 % interval, at each step at which all its runs were validated.

    On a logarithmic scale, logarithms of ratios.
    """

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
        runs: dict[str, dict[int, dict]] = {}
        for row, curve in zip(rows, curves, strict=True):
            if row.get("status") == "finished" and tag in curve:
                runs.setdefault(str(row["cell"]), {})[int(row["seed"])] = dict(zip(*curve[tag], strict=True))
        found += [d for contrast in claim.contrasts if (d := _effect_curve(claim, contrast, runs)) is not None]
    return found


def _effect_curve(claim: Claim, contrast: Contrast, runs: Mapping[str, Mapping[int, Mapping]]) -> EffectCurve | None:
    seeds = sorted(set.intersection(*(set(runs.get(cell, {})) for cell in contrast.weights)))
    used = [runs[cell][seed] for cell in contrast.weights for seed in seeds]
    steps = sorted(set.intersection(*map(set, used))) if used else []
    if len(steps) < 2:
        return None
    at = [{cell: {seed: runs[cell][seed][step] for seed in seeds} for cell in contrast.weights} for step in steps]
    effect = np.array([contrast_values(contrast, measured, seeds, claim.scale) for measured in at])
    good = np.isfinite(effect).all(-1)  # where each logarithm exists
    if good.sum() < 2:
        return None
    mean, (low, high) = statistics.location(effect[good], claim.test), statistics.interval(effect[good], test=claim.test)
    return EffectCurve(claim, contrast.label, Band(np.array(steps, float)[good], mean, low, high))


def plot_effect_curves(curves: Sequence[EffectCurve]) -> Figure:
    """One plot for each contrast: the mean effect and its interval over training, and in grey effects that do not count."""
    figure, plots = axes_rows(len(curves), COLUMNS, 1.9, 0.6, margin=(0.55, 0.15, 0.45, 0.45))
    figure.subplots_adjust(hspace=0.55, wspace=0.22)
    for axes, curve in zip(plots, curves, strict=True):
        claim, least = curve.claim, curve.claim.least
        band = curve.band._replace(**{name: _inside(getattr(curve.band, name), claim.scale) for name in ("mean", "low", "high")})
        axes.axhspan(*_inside(np.array([-least, least]), claim.scale), color=CREAM, lw=0)
        axes.axhline(1.0 if claim.scale == "log" else 0.0, color=GREY, lw=1)
        if claim.scale == "log":
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.3g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        plot_band(axes, band, NAVY, marker="o", ms=3)
        axes.set_title(f"{claim.name}\n{validation_tag(claim.metric)}", fontsize=8, loc="left")
        axes.tick_params(labelsize=8)
    return figure


def _inside(effect: Float[np.ndarray, " t"], scale: str) -> Float[np.ndarray, " t"]:
    """Effects as they are drawn: a logarithm as its ratio; an end that is infinite as none."""
    finite = np.where(np.isfinite(effect), effect, np.nan)
    return np.exp(finite) if scale == "log" else finite
