"""Claims that are looked at several times: how often any verdict is false, what the intervals cover, what the looks cost."""

import numpy as np
import pytest
from scipy import stats

from ablate.ablation.judge import statistics
from ablate.ablation.spec.ablation import Looks

LOOKS, FIXED = Looks((8, 12, 16, 20), (0.1, 0.2, 0.3, 0.4)), Looks((20,), (1.0,))
CLAIMS, RUNS = 10, 2000


def effects(kind, runs=RUNS, seed=0):
    """[runs, claims, seeds] differences whose mean is 0."""
    rng, shape = np.random.default_rng(seed), (runs, CLAIMS, 20)
    if kind == "normal":
        return rng.standard_normal(shape)
    if kind == "skewed":
        return rng.exponential(size=shape) - 1
    return 0.1 * rng.standard_normal(shape) - np.where(rng.random(shape) < 0.1, 1.0, 0.0) + 0.1  # one run in ten fails


def rejections(x, design, test="t", truth=0.0):
    """The look at which each of the 2m hypotheses is rejected: first those that the effect is at most `truth`."""
    sides = [(statistics.p_above(x[..., :n], truth, test), statistics.p_below(x[..., :n], truth, test)) for n in design.seeds]
    p = np.stack([np.concatenate(side, -1) for side in sides], -2)
    return statistics.first_rejection(statistics.adjusted(p, design.weights))


def false_verdicts(kind, design, **more):
    return (rejections(effects(kind), design, **more) < len(design.seeds)).any(-1).mean()


@pytest.mark.parametrize("design", [LOOKS, FIXED])
def test_any_false_verdict_is_rarer_than_one_in_twenty_where_effects_are_normal(design):
    assert false_verdicts("normal", design) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / RUNS)


def test_students_test_is_wrong_more_often_where_effects_are_not_normal():
    assert false_verdicts("skewed", LOOKS) > 0.15
    assert false_verdicts("failing", LOOKS) > 0.5


@pytest.mark.parametrize(("kind", "median"), [("skewed", np.log(2) - 1), ("failing", 0.1 + 0.1 * stats.norm.ppf(0.4 / 0.9))])
def test_the_sign_test_is_about_the_median_and_assumes_nothing(kind, median):
    assert false_verdicts(kind, LOOKS, test="sign", truth=median) < 0.05


def test_intervals_of_all_looks_hold_the_truth_together():
    x, hold = effects("normal"), np.ones(RUNS, bool)
    for n, weight in zip(*LOOKS, strict=True):
        low, high = statistics.interval(x[..., :n], statistics.ALPHA * weight / (2 * CLAIMS))
        hold &= ((low <= 0) & (high >= 0)).all(-1)
    assert hold.mean() > 0.95


def test_looks_save_seeds_and_cost_little_power():
    x = effects("normal", 500) + 1.3
    sequential, fixed = rejections(x, LOOKS)[:, :CLAIMS], rejections(x, FIXED)[:, :CLAIMS]
    seeds = np.array([*LOOKS.seeds, 20])[sequential].mean()
    assert (sequential < 4).mean() > 0.97 and (fixed < 1).mean() > 0.97 and seeds < 14.5


def test_what_is_rejected_stays_rejected():
    p = np.random.default_rng(0).random((50, 4, 6)) ** 4
    adjusted = statistics.adjusted(p, LOOKS.weights)
    assert (np.diff(adjusted, axis=-2) <= 0).all()


def test_the_effect_that_ten_claims_need_at_each_look():
    needed = [stats.t.isf(0.05 * w / (2 * CLAIMS), n - 1) / np.sqrt(n) for n, w in zip(*LOOKS, strict=True)]
    assert needed == pytest.approx([2.15, 1.28, 0.97, 0.80], abs=0.01)
