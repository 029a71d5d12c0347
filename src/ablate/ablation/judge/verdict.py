"""Claims and results in, verdicts out.

A claim's effect is one number a seed (contrast.py); with the least effect δ it is

    supported      its interval lies beyond δ in the stated direction (`differs`: in either; `equivalent`: within ±δ)
    refuted        its interval lies beyond δ in the other direction (`differs`: within ±δ; `equivalent`: beyond either)
    inconclusive   neither, or not after Holm's correction
    incomplete     a run that it needs has no result

An order holds if all its steps do, and falls with any of them.

How interval and correction agree. Each claim has one p: that of a t test for being supported and that for being refuted,
each one-sided against δ, the smaller one doubled. With Student's interval p < .05 is the same as an interval beyond δ.
For an order the p for support is the largest of its steps (an intersection-union test needs no correction inside), that
for refutation the smallest times their number. These p are corrected over all claims of the ablation, the incomplete
ones counting as 1, so that a verdict does not grow stronger by runs that are missing. A verdict then needs both: the
interval beyond δ, and the corrected p below .05. The probability of any false verdict in an ablation is thus at most
.05 (for effects that are normal). The interval shown is the plain one of 95 %, as it would be for that claim alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ablate.ablation.judge import statistics
from ablate.ablation.judge.results import scores
from ablate.ablation.spec.ablation import Ablation, Claim
from ablate.ablation.spec.contrast import Contrast

ALPHA = 1 - statistics.LEVEL
OPPOSITE = {"greater": "less", "less": "greater", "differs": "equivalent", "equivalent": "differs"}
MANY_SEEDS = 1000
MOST_NAMED = 3  # cells in a message


@dataclass(frozen=True)
class Estimate:
    """The effect of one contrast: a value a seed, their mean, its interval, and Hedges' paired g."""

    label: str
    values: Float[np.ndarray, " n"]
    mean: float
    low: float
    high: float
    method: str
    size: float

    def says(self, direction: str, least: float) -> bool:
        """Whether the interval lies where `direction` wants it."""
        above, below = self.low > least, self.high < -least
        inside = -least < self.low and self.high < least
        return {"greater": above, "less": below, "differs": above or below, "equivalent": inside}[direction]

    def p(self, direction: str, least: float) -> float:
        """One-sided p of the t test for lying where `direction` wants it."""
        if not len(self.values):
            return 1.0
        above, below = statistics.p_above(self.values, least), statistics.p_below(self.values, -least)
        if direction == "equivalent":
            return float(max(statistics.p_above(self.values, -least), statistics.p_below(self.values, least)))
        return float({"greater": above, "less": below, "differs": min(above, below)}[direction])


@dataclass(frozen=True)
class Outcome:
    """What the runs say about a claim; `p` is the corrected one, `note` why the verdict is not a stronger one."""

    claim: Claim
    verdict: str
    estimates: list[Estimate]
    p: float
    note: str = ""

    @property
    def n(self) -> int:
        """Seeds behind the verdict."""
        return min(len(estimate.values) for estimate in self.estimates)


def judge(ablation: Ablation, rows: Iterable[Mapping], budget: str) -> list[Outcome]:
    """The verdict on each claim, in the order of the file."""
    rows, seeds = list(rows), range(ablation.budgets[budget].seeds)
    measured = {metric: scores(rows, metric) for metric in ablation.metrics}
    estimates = [[estimate(c, measured[claim.metric]) for c in claim.contrasts] for claim in ablation.claims]
    missing = [_missing(claim, measured[claim.metric], seeds) for claim in ablation.claims]
    two_sided = [
        1.0 if lacks else min(1.0, 2 * min(_p(claim, found)))
        for claim, found, lacks in zip(ablation.claims, estimates, missing, strict=True)
    ]
    corrected = statistics.holm(np.array(two_sided))
    return [
        Outcome(claim, "incomplete", found, float(p), f"no result of {lacks}")
        if lacks
        else _outcome(claim, found, float(p), len(corrected))
        for claim, found, lacks, p in zip(ablation.claims, estimates, missing, corrected, strict=True)
    ]


def estimate(contrast: Contrast, measured: Mapping[str, Mapping[int, float]]) -> Estimate:
    """The contrast over the seeds that all its cells have."""
    cells = list(contrast.weights)
    shared = sorted(set.intersection(*(set(measured.get(cell, {})) for cell in cells)))
    table = np.array([[measured[cell][seed] for cell in cells] for seed in shared]).reshape(len(shared), len(cells))
    values = table @ np.array(list(contrast.weights.values())) - contrast.constant
    if not shared:
        return Estimate(contrast.label, values, np.nan, np.nan, np.nan, statistics.NONE, np.nan)
    low, high, method = statistics.interval(values)
    size = statistics.effect_size(values)
    return Estimate(contrast.label, values, float(values.mean()), float(low), float(high), method, size)


def _outcome(claim: Claim, estimates: Sequence[Estimate], p: float, claims: int) -> Outcome:
    least, estimates = claim.least_effect, list(estimates)
    support, refute = _p(claim, estimates)
    holds = all(e.says(claim.direction, least) for e in estimates)
    falls = any(e.says(OPPOSITE[claim.direction], least) for e in estimates)
    if p < ALPHA and holds and support <= refute:
        return Outcome(claim, "supported", estimates, p)
    if p < ALPHA and falls and refute < support:
        return Outcome(claim, "refuted", estimates, p)
    return Outcome(claim, "inconclusive", estimates, p, _why(claim, estimates, claims, holds or falls))


def _p(claim: Claim, estimates: Sequence[Estimate]) -> tuple[float, float]:
    support = max(e.p(claim.direction, claim.least_effect) for e in estimates)
    refute = min(e.p(OPPOSITE[claim.direction], claim.least_effect) for e in estimates)
    return support, min(1.0, refute * len(estimates))


def _missing(claim: Claim, measured: Mapping[str, Mapping[int, float]], seeds: Iterable[int]) -> str:
    cells = dict.fromkeys(cell for contrast in claim.contrasts for cell in contrast.weights)
    absent = {cell: [str(s) for s in seeds if s not in measured.get(cell, {})] for cell in cells}
    parts = [f"{cell} seed {', '.join(without)}" for cell, without in absent.items() if without]
    more = f"; and {len(parts) - MOST_NAMED} more cells" if len(parts) > MOST_NAMED else ""
    return "; ".join(parts[:MOST_NAMED]) + more


def _why(claim: Claim, estimates: Sequence[Estimate], claims: int, beyond: bool) -> str:
    if len(estimates[0].values) < 2:
        return "one seed gives no interval; take five or more"
    start = "the interval alone is beyond the least effect, but not corrected for all claims; " if beyond else ""
    distances = [_distance(e.mean, claim) for e in estimates]
    if min(distances) <= 0:
        return "the effect seen is smaller than the least that counts; more seeds are unlikely to change that"
    alpha = ALPHA / 2 / claims  # the hardest that Holm's correction can ask for
    needed = [
        statistics.seeds_needed(distance, float(e.values.std(ddof=1)), alpha)
        for distance, e in zip(distances, estimates, strict=True)
    ]
    n = max(*needed, len(estimates[0].values) + 1)
    return f"{start}it would probably take {f'about {n:.0f}' if n <= MANY_SEEDS else f'over {MANY_SEEDS}'} seeds"


def _distance(mean: float, claim: Claim) -> float:
    """How far the mean lies from where the verdict would change; at most 0 where no direction is gained."""
    outside = abs(mean) - claim.least_effect
    return abs(outside) if claim.direction in ("differs", "equivalent") else outside
