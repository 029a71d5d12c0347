"""Numbers, effects and conditions as text."""

import re
from collections.abc import Sequence
from math import floor, isfinite, log10

import numpy as np

from ablate.ablation.judge.verdict import Estimate, Outcome
from ablate.ablation.spec.ablation import Claim

MARKS = {"supported": "✔", "refuted": "✘", "inconclusive": "?", "incomplete": "…", "exploratory": "·"}
DASH = "–"


def decimals(spread: float) -> int:
    """How many decimals show two significant digits of a spread; four if there is no spread."""
    return min(6, max(0, 1 - floor(log10(spread)))) if isfinite(spread) and spread > 0 else 4


def plus_minus(values: Sequence[float]) -> str:
    """`0.612 ± 0.014`: mean and standard deviation over seeds."""
    if not len(values):
        return DASH
    mean, sd = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
    digits = decimals(float(sd))
    return f"{mean:.{digits}f} ± {sd:.{digits}f}" if len(values) > 1 else f"{mean:.{digits}f}"


def effect(estimate: Estimate) -> str:
    """`+0.013 [+0.004, +0.022]` or `3.1 times [2.2, 4.4]`: the effect and the ends of its interval."""
    if not isfinite(estimate.mean):
        return DASH
    if estimate.scale == "log":
        shown = f"{np.exp(estimate.mean):.3g} times"
        return shown + (
            f" [{_end(estimate.low, estimate.scale)}, {_end(estimate.high, estimate.scale)}]" if estimate.bounded else ""
        )
    digits = decimals((estimate.high - estimate.low) / 2)
    ends = (_end(end, estimate.scale, digits) for end in (estimate.low, estimate.high))
    return f"{estimate.mean:+.{digits}f}" + (f" [{', '.join(ends)}]" if estimate.bounded else "")


def _end(value: float, scale: str, digits: int = 0) -> str:
    if not isfinite(value):
        return "0" if scale == "log" and value < 0 else "−∞" if value < 0 else "∞"
    return f"{np.exp(value):.3g}" if scale == "log" else f"{value:+.{digits}f}"


def note(outcome: Outcome) -> str:
    """Why a claim is not decided; of one that stays inconclusive, also what is known: `the effect is smaller than 0.074`."""
    sizes = [max(abs(estimate.low), abs(estimate.high)) for estimate in outcome.estimates]
    if outcome.verdict != "inconclusive" or not np.isfinite(sizes).all():
        return outcome.note
    most, scale = max(sizes), outcome.claim.scale
    known = f"a factor of {np.exp(most):.3g}" if scale == "log" else f"{most:.2g}"
    several = "each effect is" if len(sizes) > 1 else "the effect is"
    return "; ".join(filter(None, [f"{several} smaller than {known}", outcome.note]))


def condition(claim: Claim) -> str:
    """Where the interval must lie for the claim to hold: `> 0.01`."""
    least = f"{claim.least_effect:g}"
    if claim.scale == "log":
        inverse = f"{1 / claim.least_effect:.3g}"
        between = f"within {inverse} to {least} times", f"beyond {inverse} to {least} times"
        ends = {"greater": f"> {least} times", "less": f"< {inverse} times"}
        return {**ends, "equivalent": between[0], "differs": between[1]}[claim.direction]
    band = f"within ±{least}", f"beyond ±{least}"
    below = f"< −{least}" if claim.least_effect else "< 0"
    return {"greater": f"> {least}", "less": below, "equivalent": band[0], "differs": band[1]}[claim.direction]


def probability(p: float) -> str:
    """`.012`: p with three decimals."""
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def abbreviated(number: float | None) -> str:
    """`12.3 M`: a count with its unit."""
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


def file_name(name: str) -> str:
    """A metric's name with every character replaced that a file name should not have."""
    return re.sub(r"[^\w.-]+", "_", name)
