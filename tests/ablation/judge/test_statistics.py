"""Intervals contain a simulated truth as often as they say; tests and effect sizes agree with scipy and with numbers by hand."""

import numpy as np
import pytest
from scipy import stats

from ablate.ablation.judge import statistics


def covered(x, truth=0.0, test="t"):
    low, high = statistics.interval(x, test=test)
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.parametrize("n", [2, 3, 5, 9, 20])
def test_intervals_hold_the_truth_as_often_as_they_say(n):
    assert 0.94 < covered(np.random.default_rng(n).standard_normal((8000, n))) < 0.96


@pytest.mark.parametrize("test", ["sign", "sign_flip"])
def test_exact_intervals_hold_their_location_whatever_the_distribution(test):
    x = np.random.default_rng(0).standard_t(1.5, (2000, 9))  # symmetric, without a variance
    assert covered(x, test=test) > 0.945
    skewed = np.random.default_rng(1).exponential(size=(2000, 9))
    assert covered(skewed, np.log(2), "sign") > 0.945


def test_student_is_scipys_t_test():
    x = np.random.default_rng(1).standard_normal(6) + 0.4
    assert statistics.interval(x) == pytest.approx(tuple(stats.ttest_1samp(x, 0).confidence_interval()))
    assert statistics.p_above(x, 0.1) == pytest.approx(stats.ttest_1samp(x, 0.1, alternative="greater").pvalue)
    assert statistics.p_below(x, 0.1) == pytest.approx(stats.ttest_1samp(x, 0.1, alternative="less").pvalue)


def test_sign_flip_is_scipys_permutation_test():
    x = np.random.default_rng(2).standard_normal(7) + 0.5
    scipys = stats.permutation_test((x - 0.1,), np.mean, permutation_type="samples", alternative="greater", n_resamples=2**7)
    assert statistics.p_above(x, 0.1, "sign_flip") == pytest.approx(scipys.pvalue)


def test_sign_is_scipys_binomial_test():
    x = np.array([0.3, 0.2, -0.1, 0.5, 0.4, 0.0])
    assert statistics.p_above(x, 0.0, "sign") == pytest.approx(stats.binomtest(4, 6, 0.5, alternative="greater").pvalue)
    assert statistics.p_above(x, 0.0, "sign") > statistics.p_above(x[x != 0], 0.0, "sign")  # a tie is no sign of an effect


@pytest.mark.parametrize("test", ["t", "sign", "sign_flip"])
def test_an_end_of_the_interval_is_where_the_test_begins_to_reject(test):
    x, tail = np.random.default_rng(3).standard_normal(9), 0.03
    for sign, end in zip((1, -1), statistics.interval(x, tail, test), strict=True):
        assert statistics.p_above(sign * x, sign * end - 1e-6, test) <= tail
        assert statistics.p_above(sign * x, sign * end + 1e-6, test) > tail


@pytest.mark.parametrize("test", ["t", "sign", "sign_flip"])
def test_equal_seeds_are_no_certainty(test):
    x = np.full(4, 0.25)
    assert statistics.p_above(x, 0.0, test) == pytest.approx(2.0**-4)
    assert statistics.interval(x, 0.05, test) == (-np.inf, np.inf)
    assert statistics.interval(x, 0.07, test) == pytest.approx((0.25, 0.25))


def test_one_seed_proves_nothing():
    x = np.array([3.0])
    assert statistics.p_above(x, 0.0) == 1.0 and statistics.interval(x) == (-np.inf, np.inf)


def test_a_value_far_from_the_others_is_named():
    assert statistics.outlying(np.array([0.1, 0.12, 0.09, 0.11, 0.9])).tolist() == [4]
    assert not len(statistics.outlying(np.array([0.1, 0.12, 0.09, 0.11, 0.13])))


def test_holm_by_hand():
    assert statistics.holm(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert statistics.holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_effect_size_by_hand():
    x = np.array([1.0, 2.0, 3.0])
    assert statistics.effect_size(x) == pytest.approx(2 * 0.5641896)  # J(2) = Γ(1)/Γ(½)
    assert np.isnan(statistics.effect_size(np.ones(5)))


def test_seeds_needed_gives_the_power_that_it_says():
    distance, sd, alpha = 0.5, 1.0, 0.05
    n = int(statistics.seeds_needed(distance, sd, alpha))
    x = np.random.default_rng(0).standard_normal((20_000, n)) * sd + distance
    assert (statistics.p_above(x, 0.0) < alpha).mean() == pytest.approx(statistics.POWER, abs=0.02)
