"""Verdicts on claims, from the results of runs.

The effect of a claim is one number for each seed (contrast.py); on a logarithmic scale, the logarithm of a ratio. With
the least effect δ the claim is

    supported      its effect lies beyond δ in the stated direction (`differs`: in either; `equivalent`: within ±δ)
    refuted        its effect lies beyond δ in the other direction (`differs`: within ±δ; `equivalent`: beyond either)
    inconclusive   neither could be shown
    incomplete     a run that it needs has no result, or it was not looked at often enough yet
    exploratory    not tested

Every claim stands for two one-sided hypotheses: that it does not hold, and that its opposite does not hold. A claim of
several contrasts (`order`, `each`) is supported if all of them hold, with the largest of their p (an intersection-union
test needs no correction), and refuted if any of their opposites holds, with the smallest p times their number. Each
hypothesis is tested at the looks of the design (one look, after all seeds, in a fixed design), by the claim's registered
test. `statistics.adjusted` corrects p for looks and for the two hypotheses of all m claims that are not exploratory. The
probability of any false verdict in an ablation is at most .05 where the assumption of the test holds.

At look k, of weight w_k, each end of the interval that is shown has an error of .05 w_k / 2m. All intervals of all claims
at all looks hold their true effects together with a probability of .95. A claim is looked at only if all its runs are
there; no seed is left out. An exploratory claim is shown with a plain interval of 95 %.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ablate.ablation.judge import statistics
from ablate.ablation.judge.results import scores
from ablate.ablation.spec.ablation import Ablation, Claim, Looks
from ablate.ablation.spec.contrast import Contrast

OPPOSITE = {"greater": "less", "less": "greater", "differs": "equivalent", "equivalent": "differs"}
MANY_SEEDS = 1000
MOST_NAMED = 3  # cells in a message
Measured = Mapping[str, Mapping[int, float]]  # cell -> seed -> value


@dataclass(frozen=True)
class Estimate:
    """The effect of one contrast: a value for each of `seeds`, their mean (or median), its interval, and Hedges' paired g (`size`).

    With `scale` log, values, mean and interval are logarithms of ratios. `low` and `high` are nan if there is no interval.
    """

    label: str
    values: Float[np.ndarray, " n"]
    mean: float
    low: float
    high: float
    size: float
    scale: str = "linear"
    seeds: tuple[int, ...] = ()

    @property
    def bounded(self) -> bool:
        """Whether its interval has an end."""
        return not np.isnan(self.low) and bool(np.isfinite(self.low) or np.isfinite(self.high))


@dataclass(frozen=True)
class Outcome:
    """The verdict on a claim; `p` is adjusted for looks and claims, `note` says why a claim is not decided."""

    claim: Claim
    verdict: str
    estimates: list[Estimate]
    p: float
    note: str = ""

    @property
    def n(self) -> int:
        """The number of seeds that the verdict rests on."""
        return min(len(estimate.values) for estimate in self.estimates)

    @property
    def decided(self) -> bool:
        """Whether it is supported or refuted."""
        return self.verdict in ("supported", "refuted")

    @property
    def outliers(self) -> list[int]:
        """Seeds whose effect lies far from that of the others."""
        return sorted({estimate.seeds[i] for estimate in self.estimates for i in statistics.outlying(estimate.values)})


class Evidence:
    """The values of one claim, and p of its two hypotheses at each look."""

    def __init__(self, claim: Claim, ablation: Ablation, measured: Measured, design: Looks) -> None:
        self.claim, self.ablation, self.measured, self.design = claim, ablation, measured, design
        self.absent = [_missing(claim, measured, ablation.seeds(n)) for n in design.seeds]
        self.looked = next((k for k, absent in enumerate(self.absent) if absent), len(design.seeds))
        self.unusable = self._unusable()
        self.p = np.ones((len(design.seeds), 2))
        for k, n in enumerate(design.seeds[: self.looked] if not self.unusable else ()):
            self.p[k] = self._p(n)

    def _unusable(self) -> str:
        seeds = self.ablation.seeds(self.design.seeds[-1])
        used = {(c, s): self.measured[c][s] for c in self.claim.cells for s in seeds if s in self.measured.get(c, {})}
        if self.claim.scale == "log" and (wrong := [(c, s, v) for (c, s), v in used.items() if v <= 0]):
            return f"{self.claim.metric} of {wrong[0][0]}, seed {wrong[0][1]}, is {wrong[0][2]:g}, which has no logarithm"
        if self.claim.test == "t" and set(used.values()) == {0.0, 1.0}:
            return "its values are only 0 and 1, which are not normal: it needs test: sign"
        return ""

    def _p(self, n: int) -> Float[np.ndarray, " 2"]:
        return p_values(
            self.claim, [contrast_values(c, self.measured, self.ablation.seeds(n), self.claim.scale) for c in self.claim.contrasts]
        )

    def estimates(self, look: int, primary: int) -> list[Estimate]:
        """The effects at a look; before the first one, on the seeds that all cells have, without intervals."""
        if self.claim.exploratory or look < 0:
            tail = statistics.ALPHA / 2 if self.claim.exploratory else None
            return [estimate(c, self.measured, self.claim, tail=tail) for c in self.claim.contrasts]
        tail = statistics.ALPHA * self.design.weights[look] / (2 * primary)
        seeds = self.ablation.seeds(self.design.seeds[look])
        return [estimate(c, self.measured, self.claim, seeds, tail) for c in self.claim.contrasts]


def p_values(claim: Claim, effects: Sequence[Float[np.ndarray, "*b n"]]) -> Float[np.ndarray, "*b 2"]:
    """p of the two hypotheses of a claim, that it does not hold and that its opposite does not hold.

    Args:
        effects: the values of each of its contrasts, on the scale of the claim.
    """
    support = np.max([_p_where(claim, x, claim.direction) for x in effects], axis=0)
    refute = np.min([_p_where(claim, x, OPPOSITE[claim.direction]) for x in effects], axis=0)
    return np.stack([support, np.minimum(1.0, refute * len(effects))], -1)


def _p_where(claim: Claim, x: Float[np.ndarray, "*b n"], direction: str) -> Float[np.ndarray, "*b"]:
    """p of the test whose rejection shows that the effect lies where `direction` says."""
    least, test = claim.least, claim.test
    if direction == "equivalent":
        return np.asarray(np.maximum(statistics.p_above(x, -least, test), statistics.p_below(x, least, test)))
    above, below = statistics.p_above(x, least, test), statistics.p_below(x, -least, test)
    return np.asarray({"greater": above, "less": below, "differs": np.minimum(1.0, 2 * np.minimum(above, below))}[direction])


def judge(ablation: Ablation, rows: Iterable[Mapping], design: Looks) -> list[Outcome]:
    """The outcome of each claim, in the order of the file."""
    rows = list(rows)
    measured = {(c.metric, c.worst): scores(rows, c.metric, c.worst) for c in ablation.claims}
    evidence = [Evidence(c, ablation, measured[c.metric, c.worst], design) for c in ablation.claims]
    tested = [each for each in evidence if not each.claim.exploratory]
    adjusted = statistics.adjusted(np.hstack([each.p for each in tested]), design.weights) if tested else np.ones((1, 0))
    rejected = statistics.first_rejection(adjusted).reshape(-1, 2)
    found = {
        each.claim.name: _outcome(each, looks, adjusted[-1, 2 * i : 2 * i + 2], len(tested))
        for i, (each, looks) in enumerate(zip(tested, rejected, strict=True))
    }
    untested = [each for each in evidence if each.claim.exploratory]
    plain = {each.claim.name: Outcome(each.claim, "exploratory", each.estimates(-1, 1), np.nan) for each in untested}
    return [(plain | found)[claim.name] for claim in ablation.claims]


def estimate(
    contrast: Contrast,
    measured: Measured,
    claim: Claim | None = None,
    seeds: Iterable[int] | None = None,
    tail: float | None = 0.025,
) -> Estimate:
    """Evaluate a contrast.

    Args:
        measured: maps cells to the value of each seed.
        claim: gives scale and test; None: linear, t.
        seeds: those to use; None: those that all cells have.
        tail: the error of each end of the interval; None: without an interval.
    """
    scale, test = (claim.scale, claim.test) if claim else ("linear", "t")
    if seeds is None:
        seeds = sorted(set.intersection(*(set(measured.get(cell, {})) for cell in contrast.weights)))
    seeds = tuple(seeds)
    values = contrast_values(contrast, measured, seeds, scale)
    if not len(values) or not np.isfinite(values).all():
        return Estimate(contrast.label, values, np.nan, np.nan, np.nan, np.nan, scale, seeds)
    low, high = (np.nan, np.nan) if tail is None else map(float, statistics.interval(values, tail, test))
    mean = float(statistics.location(values, test))
    return Estimate(contrast.label, values, mean, low, high, statistics.effect_size(values), scale, seeds)


def contrast_values(contrast: Contrast, measured: Measured, seeds: Iterable[int], scale: str) -> Float[np.ndarray, " n"]:
    """The effect of each seed; nan where a logarithm does not exist."""
    table = np.array([[measured[cell][seed] for cell in contrast.weights] for seed in seeds]).reshape(-1, len(contrast.weights))
    if scale == "log":
        table = np.log(np.where(table > 0, table, np.nan))
    return table @ np.array(list(contrast.weights.values())) - contrast.constant


def unattainable(ablation: Ablation, design: Looks) -> dict[str, str]:
    """Of each claim that no result can decide, the reason: so few seeds give no p that is small enough."""
    tested = [claim for claim in ablation.claims if not claim.exploratory]
    reasons = {claim.name: _too_few_seeds(claim, design, len(tested)) for claim in tested}
    return {name: reason for name, reason in reasons.items() if reason}


def _too_few_seeds(claim: Claim, design: Looks, primary: int) -> str:
    """Why no result of this design can decide the claim, by the hardest that Holm's correction can ask for; "" where one can."""
    needed = statistics.ALPHA / (2 * primary)
    least = min(statistics.smallest_p(n, claim.test) / w for n, w in zip(*design, strict=True))
    return f"{design.seeds[-1]} seeds give no p below {least:.2g}, and {needed:.2g} is needed" if least >= needed else ""


def _outcome(evidence: Evidence, rejected: np.ndarray, p: np.ndarray, primary: int) -> Outcome:
    claim, looks, last = evidence.claim, len(evidence.design.seeds), evidence.looked - 1
    at = int(rejected.min())
    if at < looks:
        verdict = "supported" if rejected[0] <= rejected[1] else "refuted"
        return Outcome(claim, verdict, evidence.estimates(at, primary), float(p.min()))
    estimates = evidence.estimates(last, primary)
    if evidence.unusable:
        return Outcome(claim, "inconclusive", estimates, float(p.min()), evidence.unusable)
    if evidence.looked < looks:
        note = f"no result of {evidence.absent[evidence.looked]}"
        if last >= 0:
            note = f"open after {evidence.design.seeds[last]} seeds; {note}"
        return Outcome(claim, "incomplete", estimates, float(p.min()), note)
    return Outcome(claim, "inconclusive", estimates, float(p.min()), _note(evidence, estimates, primary))


def _missing(claim: Claim, measured: Measured, seeds: Sequence[int]) -> str:
    absent = {cell: [str(s) for s in seeds if s not in measured.get(cell, {})] for cell in claim.cells}
    parts = [f"{cell} seed {', '.join(without)}" for cell, without in absent.items() if without]
    more = f"; and {len(parts) - MOST_NAMED} more cells" if len(parts) > MOST_NAMED else ""
    return "; ".join(parts[:MOST_NAMED]) + more


def _note(evidence: Evidence, estimates: Sequence[Estimate], primary: int) -> str:
    """What it would take to decide an inconclusive claim."""
    claim, n = evidence.claim, len(estimates[0].values)
    if n < 2:
        return "one seed gives no interval; take five or more"
    if few := _too_few_seeds(claim, evidence.design, primary):
        return few
    distances = [_distance(e.mean, claim) for e in estimates]
    if min(distances) <= 0:
        return "the measured effect is smaller than the least effect; more seeds are unlikely to change that"
    spread = [float(e.values.std(ddof=1)) for e in estimates]
    needed = max(statistics.seeds_needed(d, sd, statistics.ALPHA / (2 * primary)) for d, sd in zip(distances, spread, strict=True))
    return f"it would probably take {f'about {max(needed, n + 1):.0f}' if needed <= MANY_SEEDS else f'over {MANY_SEEDS}'} seeds"


def _distance(mean: float, claim: Claim) -> float:
    """The distance of the mean from where the verdict changes; at most 0 if the mean is smaller than the least effect."""
    outside = abs(mean) - claim.least
    return abs(outside) if claim.direction in ("differs", "equivalent") else outside
