"""Intervals contain a simulated truth as often as they say; tests and effect sizes agree with scipy and with numbers by hand."""

import numpy as np
import pytest
from scipy import stats

from ablate.ablation.judge import statistics


def covered(x, truth=0.0):
    low, high, _ = statistics.interval(x)
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.parametrize(("n", "least"), [(2, 0.94), (3, 0.94), (5, 0.94), (9, 0.94), (10, 0.93), (20, 0.93)])
def test_intervals_hold_the_truth_as_often_as_they_say(n, least):
    x = np.random.default_rng(n).standard_normal((8000 if n < statistics.BOOTSTRAP_FROM else 1500, n))
    assert least < covered(x) < 0.965


def test_intervals_of_skewed_differences_are_too_narrow_by_little():
    x = np.random.default_rng(0).exponential(size=(1500, 10)) - 1
    assert 0.88 < covered(x) < 0.96


def test_the_method_is_said():
    x = np.random.default_rng(0).standard_normal(12)
    assert statistics.interval(x).method == statistics.BOOTSTRAP
    assert statistics.interval(x[:5]).method == statistics.STUDENT
    assert statistics.interval(x[:1]).method == statistics.NONE and np.isnan(statistics.interval(x[:1]).low)
    assert statistics.interval(np.full(4, 0.25)) == (0.25, 0.25, statistics.EQUAL)


def test_student_is_scipys_t_test():
    x = np.random.default_rng(1).standard_normal(6) + 0.4
    low, high, _ = statistics.interval(x)
    assert (low, high) == pytest.approx(tuple(stats.ttest_1samp(x, 0).confidence_interval()))
    assert statistics.p_above(x, 0.1) == pytest.approx(stats.ttest_1samp(x, 0.1, alternative="greater").pvalue)
    assert statistics.p_below(x, 0.1) == pytest.approx(stats.ttest_1samp(x, 0.1, alternative="less").pvalue)


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
