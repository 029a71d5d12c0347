"""Intervals, tests and effect sizes of paired differences. The last axis holds the seeds; axes before it are a batch."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats
from scipy.special import gammaln

LEVEL, POWER = 0.95, 0.8
BOOTSTRAP_FROM, RESAMPLES = 10, 9999  # seeds; see `interval`
BOOTSTRAP, STUDENT, EQUAL, NONE = "expanded BCa bootstrap", "Student's t", "all seeds equal", "no interval"


class Interval(NamedTuple):
    """The ends of a 95 % interval, nan if there is none, and the name of the method."""

    low: Float[np.ndarray, "*b"]
    high: Float[np.ndarray, "*b"]
    method: str


def interval(x: Float[np.ndarray, "*b n"]) -> Interval:
    """95 % interval of the mean of `x`.

    From ten seeds on it is the BCa bootstrap (Efron 1987, "Better bootstrap confidence intervals"), taken at

        level = 1 - 2 Φ(-sqrt(n / (n - 1)) t),    t = the .975 quantile of Student's t with n - 1 degrees of freedom

    because a percentile bootstrap is too narrow at small n (Hesterberg 2015, "What teachers should know about
    the bootstrap", sec. 5.3, the expanded percentile interval). Below ten seeds it is Student's t.

    How often the interval contained the true mean, in % of 20,000 normal samples:

        n                  5      7      8      10     20
        BCa at 95 %        83.7   87.8   88.8   89.9   92.8
        BCa, expanded      92.0   94.1   93.9   94.3   95.0
        Student's t        95.0   95.3   95.0   95.0   95.0

    and of 4,000 exponential samples, which are more skewed than differences of runs should be:

        BCa, expanded      88.0   91.3   90.8   92.2   93.2
        Student's t        87.8   89.5   88.6   89.3   91.5
    """
    mean, n = np.asarray(x.mean(-1)), x.shape[-1]
    if n < 2:
        return Interval(np.full_like(mean, np.nan), np.full_like(mean, np.nan), NONE)
    quantile = stats.t.ppf((1 + LEVEL) / 2, n - 1)
    half = quantile * x.std(-1, ddof=1) / np.sqrt(n)
    low, high, varied = np.asarray(mean - half), np.asarray(mean + half), ~_all_equal(x)
    if not varied.any():
        return Interval(mean, mean, EQUAL)
    if n < BOOTSTRAP_FROM:
        return Interval(low, high, STUDENT)
    level = 1 - 2 * stats.norm.sf(quantile * np.sqrt(n / (n - 1)))
    low[varied], high[varied] = bca(x[varied], level)
    return Interval(low, high, BOOTSTRAP)


def bca(x: Float[np.ndarray, "b n"], level: float) -> tuple[Float[np.ndarray, " b"], Float[np.ndarray, " b"]]:
    """The bias-corrected and accelerated bootstrap interval of the mean of each row; the resamples are always the same."""
    result = stats.bootstrap((x,), np.mean, axis=-1, method="BCa", confidence_level=level, n_resamples=RESAMPLES, batch=200, rng=0)
    return result.confidence_interval.low, result.confidence_interval.high


def p_above(x: Float[np.ndarray, "*b n"], bound: float) -> Float[np.ndarray, "*b"]:
    """p of the one-sided t test of the hypothesis "the mean is at most `bound`"; small if the mean is above it."""
    n = x.shape[-1]
    above = x.mean(-1) - bound
    sure = np.where(above > 1e-12 * np.abs(x).max(-1), 0.0, 1.0)  # without any spread
    if n < 2:
        return np.ones_like(sure)
    equal = _all_equal(x)
    error = np.where(equal, 1.0, x.std(-1, ddof=1) / np.sqrt(n))
    return np.asarray(np.where(equal, sure, stats.t.sf(above / error, n - 1)))


def p_below(x: Float[np.ndarray, "*b n"], bound: float) -> Float[np.ndarray, "*b"]:
    """p of the one-sided t test of the hypothesis "the mean is at least `bound`"; small if the mean is below it."""
    return p_above(-x, -bound)


def holm(p: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Adjusted p: rejecting every hypothesis with p' < α has a familywise error of at most α, for any dependence.

    p'₍ᵢ₎ = max over j ≤ i of min(1, (m - j + 1) p₍ⱼ₎). Holm 1979, "A simple sequentially rejective multiple test
    procedure".
    """
    order = np.argsort(p)
    adjusted = np.maximum.accumulate(np.minimum(1.0, p[order] * np.arange(len(p), 0, -1)))
    return adjusted[np.argsort(order)]


def effect_size(x: Float[np.ndarray, " n"]) -> float:
    """Paired d: mean over standard deviation, times Hedges' correction for few seeds.

    g_z = J(n - 1) mean / sd,  J(m) = Γ(m/2) / (sqrt(m/2) Γ((m-1)/2)). nan below three seeds or without spread.
    Hedges 1981, "Distribution theory for Glass's estimator of effect size".
    """
    m = len(x) - 1
    if m < 2 or _all_equal(x):
        return float("nan")
    correction = np.exp(gammaln(m / 2) - gammaln((m - 1) / 2)) / np.sqrt(m / 2)
    return float(correction * x.mean() / x.std(ddof=1))


def seeds_needed(distance: float, sd: float, alpha: float) -> float:
    """How many seeds give a one-sided t test at `alpha` a power of .8, if the mean lies `distance` from the bound.

    n = ((z_α + z_β) sd / distance)² + z_α² / 2. Guenther 1981, "Sample sizes for normal theory t tests".
    """
    z, z_power = stats.norm.isf(alpha), stats.norm.ppf(POWER)
    return float(np.ceil(((z + z_power) * sd / distance) ** 2 + z**2 / 2))


def _all_equal(x: Float[np.ndarray, "*b n"]) -> Bool[np.ndarray, "*b"]:
    """Whether all values are equal, up to rounding."""
    return np.asarray(np.ptp(x, axis=-1) <= 1e-12 * np.abs(x).max(-1))
