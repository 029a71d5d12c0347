"""Tests and intervals of paired effects, and when they decide. The last axis holds the seeds; axes before it are a batch."""

from collections.abc import Sequence

import numpy as np
import scipy  # scipy.stats is imported where it is first used (0.8 s): not before jobs are submitted
from jaxtyping import Bool, Float, Int

ALPHA, POWER = 0.05, 0.8
FALSE_VERDICTS = {  # the table of `adjusted`: of a test and (not) until decided, where effects are normal, skewed, failing
    ("t", True): (4, 33, 84),
    ("t", False): (5, 29, 76),
    ("sign_flip", True): (4, 21, 82),
    ("sign_flip", False): (4, 15, 69),
    ("sign", True): (1, 1, 1),
    ("sign", False): (2, 2, 2),
}
EXACT = 16  # seeds up to which all 2ⁿ subsets are looked at; from there on as many random ones


def p_above(x: Float[np.ndarray, "*b n"], bound: float, test: str = "t") -> Float[np.ndarray, "*b"]:
    """p of the one-sided test of the hypothesis "the location is at most `bound`"; small if it is above.

    Args:
        test: what is assumed of the effects, and what their location is.

            t            normal; the mean. Student 1908. If all values are equal it is the sign test.
            sign_flip    symmetric; the mean. p = (1 + number of subsets whose mean is at most `bound`) / 2ⁿ, exact.
                         Fisher 1935; in this form Hartigan 1969, "Using subsample values as typical values".
            sign         nothing; the median. p = P(at least as many of n fair coins show heads as values lie above), exact.

    No p is below 2⁻ⁿ where no spread is seen: equal values are no certainty.
    """
    n = x.shape[-1]
    if test == "sign_flip":
        means = subset_means(x)
        return np.asarray((1 + (means <= bound + _rounding(x)).sum(-1)) / (means.shape[-1] + 1))
    counted = scipy.stats.binom.sf((x - bound > _rounding(x)).sum(-1) - 1, n, 0.5)
    if test == "sign":
        return np.asarray(counted)
    if n < 2:
        return np.ones(x.shape[:-1])
    equal = _all_equal(x)
    error = np.where(equal, 1.0, x.std(-1, ddof=1) / np.sqrt(n))
    return np.asarray(np.where(equal, counted, scipy.stats.t.sf((x.mean(-1) - bound) / error, n - 1)))


def p_below(x: Float[np.ndarray, "*b n"], bound: float, test: str = "t") -> Float[np.ndarray, "*b"]:
    """p of the one-sided test of the hypothesis "the location is at least `bound`"; small if it is below."""
    return p_above(-x, -bound, test)


def interval(
    x: Float[np.ndarray, "*b n"], tail: float = ALPHA / 2, test: str = "t"
) -> tuple[Float[np.ndarray, "*b"], Float[np.ndarray, "*b"]]:
    """The ends of the interval of the location: all bounds that neither one-sided test rejects at `tail`.

    An end is infinite where so few seeds cannot reject anything.
    """
    return np.asarray(_lowest(x, tail, test)), np.asarray(-_lowest(-x, tail, test))


def _lowest(x: np.ndarray, tail: float, test: str) -> np.ndarray:
    n = x.shape[-1]
    if test == "sign_flip":
        means = np.sort(subset_means(x), -1)
        rank = int(tail * (means.shape[-1] + 1) * (1 + 1e-12))
        return means[..., rank - 1] if rank else np.full(x.shape[:-1], -np.inf)
    rank = int(scipy.stats.binom.ppf(tail, n, 0.5))  # at most so many values may lie below: P(fewer) ≤ tail
    rank -= int(scipy.stats.binom.cdf(rank, n, 0.5) > tail)
    by_sign = np.sort(x, -1)[..., rank] if rank >= 0 else np.full(x.shape[:-1], -np.inf)
    if test == "sign":
        return by_sign
    if n < 2:
        return np.full(x.shape[:-1], -np.inf)
    by_student = x.mean(-1) - scipy.stats.t.isf(tail, n - 1) * x.std(-1, ddof=1) / np.sqrt(n)
    return np.where(_all_equal(x), by_sign, by_student)


def location(x: Float[np.ndarray, "*b n"], test: str = "t") -> Float[np.ndarray, "*b"]:
    """What the test is about: the median for `sign`, else the mean."""
    return np.asarray(np.median(x, -1) if test == "sign" else x.mean(-1))


def subset_means(x: Float[np.ndarray, "*b n"]) -> Float[np.ndarray, "*b s"]:
    """The mean of every subset of the seeds that is not empty; above 16 seeds of 65,535 random ones, always the same."""
    n = x.shape[-1]
    if n <= EXACT:
        chosen = (np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1
    else:
        chosen = np.random.default_rng(0).integers(0, 2, (2**EXACT - 1, n))
        chosen = chosen[chosen.any(1)]
    return x @ (chosen / chosen.sum(1, keepdims=True)).T


def smallest_p(n: int, test: str) -> float:
    """The least p that n seeds can give, where the effects vary without end for `t`."""
    return 0.0 if test == "t" and n > 1 else 2.0**-n


def holm(p: Float[np.ndarray, "*b m"]) -> Float[np.ndarray, "*b m"]:
    """Adjusted p: rejecting every hypothesis with p' < α has a familywise error of at most α, for any dependence.

    p'₍ᵢ₎ = max over j ≤ i of min(1, (m - j + 1) p₍ⱼ₎). Holm 1979, "A simple sequentially rejective multiple test
    procedure".
    """
    order = np.argsort(p, -1)
    raised = np.minimum(1.0, np.take_along_axis(p, order, -1) * np.arange(p.shape[-1], 0, -1))
    adjusted = np.empty_like(raised)
    np.put_along_axis(adjusted, order, np.maximum.accumulate(raised, -1), -1)
    return adjusted


def adjusted(p: Float[np.ndarray, "*b k h"], weights: Sequence[float]) -> Float[np.ndarray, "*b k h"]:
    """p of each hypothesis at each look, adjusted for the looks and for all hypotheses.

    With p̃ = least of p_k / w_k over the looks so far, and Σ w_k = 1, P(p̃ ≤ α) ≤ Σ P(p_k ≤ w_k α) ≤ α under the
    hypothesis, wherever one stops (union bound). Holm's method takes p̃ over all hypotheses. The result never rises from
    look to look, so what is rejected stays rejected.

    Simulated with ten claims of no effect (tests/ablation/judge/test_looks.py repeats a part), the share of ablations with any
    false verdict, in %, at looks after 8, 12, 16 and 20 seeds with weights .1, .2, .3, .4 and in a fixed design of ten seeds,
    for effects that are

                       normal         skewed (exponential)    failing (one run in ten)
        t              4.0   4.9      33    29                84    76
        sign_flip      4.5   4.0      21    15                82    69
        sign           1.0   1.9      1.2   2.0               0.9   2.0    (of the median)
    """
    running = np.minimum.accumulate(p / np.asarray(weights)[:, None], axis=-2)
    return holm(np.minimum(1.0, running))


def first_rejection(adjusted_p: Float[np.ndarray, "*b k h"]) -> Int[np.ndarray, "*b h"]:
    """The index of the look at which each hypothesis is rejected; the number of looks if it never is."""
    rejected = adjusted_p < ALPHA
    return np.where(rejected.any(-2), rejected.argmax(-2), adjusted_p.shape[-2])


def effect_size(x: Float[np.ndarray, " n"]) -> float:
    """Paired d: mean over standard deviation, times Hedges' correction for few seeds.

    g_z = J(n - 1) mean / sd,  J(m) = Γ(m/2) / (sqrt(m/2) Γ((m-1)/2)). nan below three seeds or without spread.
    Hedges 1981, "Distribution theory for Glass's estimator of effect size".
    """
    m = len(x) - 1
    if m < 2 or _all_equal(x):
        return float("nan")
    correction = np.exp(scipy.special.gammaln(m / 2) - scipy.special.gammaln((m - 1) / 2)) / np.sqrt(m / 2)
    return float(correction * x.mean() / x.std(ddof=1))


def seeds_needed(distance: float, sd: float, alpha: float) -> float:
    """How many seeds give a one-sided t test at `alpha` a power of .8, if the mean lies `distance` from the bound.

    n = ((z_α + z_β) sd / distance)² + z_α² / 2. Guenther 1981, "Sample sizes for normal theory t tests".
    """
    z, z_power = scipy.stats.norm.isf(alpha), scipy.stats.norm.ppf(POWER)
    return float(np.ceil(((z + z_power) * sd / distance) ** 2 + z**2 / 2))


def outlying(x: Float[np.ndarray, " n"]) -> Int[np.ndarray, " k"]:
    """Indices of values that lie more than 3.5 robust standard deviations from the median.

    |x - median| > 3.5 · 1.4826 · median |x - median|. Iglewicz and Hoaglin 1993, "How to detect and handle outliers".
    """
    if len(x) < 4:
        return np.array([], int)
    distance = np.abs(x - np.median(x))
    return np.flatnonzero(distance > 3.5 * scipy.stats.median_abs_deviation(x, scale="normal") + _rounding(x))


def _all_equal(x: Float[np.ndarray, "*b n"]) -> Bool[np.ndarray, "*b"]:
    """Whether all values are equal, up to rounding."""
    return np.asarray(np.ptp(x, axis=-1) <= 1e-12 * np.abs(x).max(-1))


def _rounding(x: Float[np.ndarray, "*b n"]) -> Float[np.ndarray, "*b 1"]:
    """The error of rounding of values of this size."""
    return 1e-12 * np.abs(x).max(-1, keepdims=True)
