"""Numbers and names as a reader wants them."""

import re
from collections.abc import Sequence
from math import floor, isfinite, log10

import numpy as np

from ablate.ablation.judge.verdict import Estimate
from ablate.ablation.spec.ablation import Claim

MARKS = {"supported": "✔", "refuted": "✘", "inconclusive": "?", "incomplete": "…"}
DASH = "–"


def decimals(spread: float) -> int:
    """Decimals that show two digits of a spread; four where there is none."""
    return min(6, max(0, 1 - floor(log10(spread)))) if isfinite(spread) and spread > 0 else 4


def plus_minus(values: Sequence[float]) -> str:
    """`0.612 ± 0.014`: mean and standard deviation over seeds."""
    if not len(values):
        return DASH
    mean, sd = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
    places = decimals(float(sd))
    return f"{mean:.{places}f} ± {sd:.{places}f}" if len(values) > 1 else f"{mean:.{places}f}"


def effect(estimate: Estimate) -> str:
    """`+0.013 [+0.004, +0.022]`: the mean and the ends of its interval."""
    if not isfinite(estimate.mean):
        return DASH
    places = decimals((estimate.high - estimate.low) / 2)
    if not isfinite(estimate.low):
        return f"{estimate.mean:+.{places}f}"
    return f"{estimate.mean:+.{places}f} [{estimate.low:+.{places}f}, {estimate.high:+.{places}f}]"


def wanted(claim: Claim) -> str:
    """What the interval must do for the claim: `> 0.01`."""
    least = f"{claim.least_effect:g}"
    band = f"within ±{least}", f"beyond ±{least}"
    below = f"< −{least}" if claim.least_effect else "< 0"
    return {"greater": f"> {least}", "less": below, "equivalent": band[0], "differs": band[1]}[claim.direction]


def probability(p: float) -> str:
    """Three decimals."""
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def short(number: float | None) -> str:
    """`12.3 M`."""
    if number is None or not isfinite(number):
        return DASH
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(number) >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"


def duration(seconds: float | None) -> str:
    """`42 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds is None or not isfinite(seconds):
        return DASH
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def plain(name: str) -> str:
    """A name fit for a file."""
    return re.sub(r"[^\w.-]+", "_", name)
