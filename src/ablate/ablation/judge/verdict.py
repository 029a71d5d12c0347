"""Verdicts on claims, from the results of runs.

The effect of a claim is one number for each seed (contrast.py). With the least effect δ the claim is

    supported      its interval lies beyond δ in the stated direction (`differs`: in either; `equivalent`: within ±δ)
    refuted        its interval lies beyond δ in the other direction (`differs`: within ±δ; `equivalent`: beyond either)
    inconclusive   neither, or not after Holm's correction
    incomplete     a run that it needs has no result

An order is supported if all its steps are, and refuted if any of them is.

Interval and correction. Each claim has one p: of two t tests, one for being supported and one for being refuted, each
one-sided against δ, the smaller p, doubled. With Student's interval p < .05 means the same as an interval beyond δ.
For an order, the p of support is the largest of its steps (an intersection-union test needs no correction), the p of
refutation is the smallest times their number. Holm's method corrects these p over all claims of the ablation; a claim
that is incomplete counts as p = 1, so that missing runs do not make other verdicts stronger. A verdict needs both: an
interval beyond δ, and a corrected p below .05. The probability of any false verdict in an ablation is then at most .05
(for normal effects). The interval that is shown is the uncorrected one of 95 %.
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
    """The effect of one contrast: a value for each seed, their mean, its interval, and Hedges' paired g (`size`)."""

    label: str
    values: Float[np.ndarray, " n"]
    mean: float
    low: float
    high: float
    method: str
    size: float

    def lies(self, direction: str, least: float) -> bool:
        """Whether the interval lies where `direction` requires it."""
        above, below = self.low > least, self.high < -least
        inside = -least < self.low and self.high < least
        return {"greater": above, "less": below, "differs": above or below, "equivalent": inside}[direction]

    def p(self, direction: str, least: float) -> float:
        """p of the one-sided t test for the mean lying where `direction` requires it."""
        if not len(self.values):
            return 1.0
        above, below = statistics.p_above(self.values, least), statistics.p_below(self.values, -least)
        if direction == "equivalent":
            return float(max(statistics.p_above(self.values, -least), statistics.p_below(self.values, least)))
        return float({"greater": above, "less": below, "differs": min(above, below)}[direction])


@dataclass(frozen=True)
class Outcome:
    """The verdict on a claim; `p` is corrected by Holm's method, `note` says why a claim is inconclusive or incomplete."""

    claim: Claim
    verdict: str
    estimates: list[Estimate]
    p: float
    note: str = ""

    @property
    def n(self) -> int:
        """The number of seeds that the verdict rests on."""
        return min(len(estimate.values) for estimate in self.estimates)


def judge(ablation: Ablation, rows: Iterable[Mapping], budget: str) -> list[Outcome]:
    """The outcome of each claim, in the order of the file."""
    rows, seeds = list(rows), range(ablation.budgets[budget].seeds)
    measured = {metric: scores(rows, metric) for metric in ablation.metrics}
    estimates = [[estimate(c, measured[claim.metric]) for c in claim.contrasts] for claim in ablation.claims]
    missing = [_missing(claim, measured[claim.metric], seeds) for claim in ablation.claims]
    judged = list(zip(ablation.claims, estimates, missing, strict=True))
    two_sided = [1.0 if absent else min(1.0, 2 * min(_p(claim, each))) for claim, each, absent in judged]
    outcomes = []
    for (claim, each, absent), p in zip(judged, statistics.holm(np.array(two_sided)).tolist(), strict=True):
        incomplete = Outcome(claim, "incomplete", each, p, f"no result of {absent}")
        outcomes.append(incomplete if absent else _outcome(claim, each, p, len(judged)))
    return outcomes


def estimate(contrast: Contrast, measured: Mapping[str, Mapping[int, float]]) -> Estimate:
    """Evaluate the contrast on the seeds that all its cells have."""
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
    holds = all(e.lies(claim.direction, least) for e in estimates)
    falls = any(e.lies(OPPOSITE[claim.direction], least) for e in estimates)
    if p < ALPHA and holds and support <= refute:
        return Outcome(claim, "supported", estimates, p)
    if p < ALPHA and falls and refute < support:
        return Outcome(claim, "refuted", estimates, p)
    return Outcome(claim, "inconclusive", estimates, p, _note(claim, estimates, claims, holds or falls))


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


def _note(claim: Claim, estimates: Sequence[Estimate], claims: int, beyond: bool) -> str:
    if len(estimates[0].values) < 2:
        return "one seed gives no interval; take five or more"
    start = "the interval lies beyond the least effect, but p does not after the correction over all claims; " if beyond else ""
    distances = [_distance(e.mean, claim) for e in estimates]
    if min(distances) <= 0:
        return "the measured effect is smaller than the least effect; more seeds are unlikely to change that"
    alpha = ALPHA / 2 / claims  # the hardest that Holm's correction can ask for
    needed = [
        statistics.seeds_needed(distance, float(e.values.std(ddof=1)), alpha)
        for distance, e in zip(distances, estimates, strict=True)
    ]
    n = max(*needed, len(estimates[0].values) + 1)
    return f"{start}it would probably take {f'about {n:.0f}' if n <= MANY_SEEDS else f'over {MANY_SEEDS}'} seeds"


def _distance(mean: float, claim: Claim) -> float:
    """The distance of the mean from where the verdict changes; at most 0 if the mean is smaller than the least effect."""
    outside = abs(mean) - claim.least_effect
    return abs(outside) if claim.direction in ("differs", "equivalent") else outside
