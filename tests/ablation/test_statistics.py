"""Simulated truth: intervals hold it as often as they say, and verdicts are wrong no more often than they say."""

import numpy as np
import pytest
from commands import ROOT
from scipy import stats

from ablate.ablation.judge import statistics
from ablate.ablation.judge.verdict import judge
from ablate.ablation.spec.read import load

STUB = ROOT / "tests/ablation/stub/ablation/stub.yaml"


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


def ablation_of(claims, seeds):
    """`claims` claims, each of a pair of cells of its own, that A is better than B by more than 0.1."""
    pairs = {f"{side}{i}": [f"quality={i}", f"mode={side}"] for i in range(claims) for side in "ab"}
    claim = {"statement": "s", "source": "s", "metric": "test/score", "direction": "greater", "least_effect": 0.1}
    return load(
        {
            "name": "simulated",
            "question": "q",
            "source": "s",
            "cells": pairs,
            "budgets": {"quick": {"seeds": seeds}},
            "metrics": {"test/score": "maximise"},
            "claims": {f"c{i}": {**claim, "contrast": {"minus": [f"a{i}", f"b{i}"]}} for i in range(claims)},
        }
    )


def verdicts(effect, claims, seeds, ablations):
    rng, ablation, found = np.random.default_rng(seeds), ablation_of(claims, seeds), []
    for _ in range(ablations):
        rows = [
            {
                "cell": f"{side}{i}",
                "seed": seed,
                "status": "finished",
                "test/score": rng.standard_normal() + (effect if side == "a" else 0.0),
            }
            for i in range(claims)
            for side in "ab"
            for seed in range(seeds)
        ]
        found.append([outcome.verdict for outcome in judge(ablation, rows, "quick")])
    return np.array(found)


@pytest.mark.parametrize("effect", [0.1, -0.1])  # exactly where it begins to count: the hardest truth
@pytest.mark.parametrize("seeds", [3, 5])
def test_any_false_verdict_in_an_ablation_is_rarer_than_one_in_twenty(effect, seeds):
    found = verdicts(effect, claims=4, seeds=seeds, ablations=250)
    wrong = (found == ("supported" if effect > 0 else "refuted")).any(1).mean()
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 250)


def test_a_large_effect_is_found_in_its_direction():
    assert (verdicts(4.0, claims=3, seeds=8, ablations=30) == "supported").mean() > 0.95
    assert (verdicts(-4.0, claims=3, seeds=8, ablations=30) == "refuted").mean() > 0.95
    assert (verdicts(0.0, claims=3, seeds=5, ablations=30) == "inconclusive").mean() > 0.95


# --- verdicts on numbers that one can follow ---------------------------------------------------------------


def stub_rows(low, middle, high, metric="test/score"):
    values = {"low": low, "middle": middle, "high": high}
    return [
        {"cell": cell, "seed": seed, "status": "finished", metric: v, "test/error": 1 - v}
        for cell, numbers in values.items()
        for seed, v in enumerate(numbers)
    ]


def test_an_order_holds_if_all_its_steps_do_and_falls_with_any():
    ablation = load(STUB)
    spread = np.array([-0.01, 0.0, 0.01])
    more, _ = judge(ablation, stub_rows(0.2 + spread, 0.5 - spread, 0.8 + spread), "smoke")
    assert more.verdict == "supported" and [e.label for e in more.estimates] == ["middle − low", "high − middle"]
    assert more.estimates[0].mean == pytest.approx(0.3) and more.n == 3
    more, _ = judge(ablation, stub_rows(0.2 + spread, 0.8 - spread, 0.5 + spread), "smoke")
    assert more.verdict == "refuted"


def test_a_claim_without_a_result_is_incomplete_and_says_which():
    rows = [row for row in stub_rows([0.2] * 3, [0.5] * 3, [0.8] * 3) if (row["cell"], row["seed"]) != ("high", 2)]
    for outcome in judge(load(STUB), rows, "smoke"):
        assert outcome.verdict == "incomplete" and outcome.note == "no result of high seed 2"


def test_equivalence_and_difference():
    given = {**load(STUB).file}
    given["claims"] = {
        name: {
            "statement": "s",
            "source": "s",
            "metric": "test/score",
            "contrast": {"minus": ["low", "middle"]},
            "direction": name,
            "least_effect": 0.05,
        }
        for name in ("differs", "equivalent")
    } | {
        "third": {
            "statement": "s",
            "source": "s",
            "metric": "test/score",
            "direction": "greater",
            "least_effect": 0,
            "contrast": {"trend": {"low": 2, "middle": 4, "high": 8}, "scale": "log2"},
        }
    }
    ablation, spread = load(given), np.array([-0.001, 0.0, 0.001])
    same = judge(ablation, stub_rows(0.5 + spread, 0.5 - spread, 0.5 + spread), "smoke")
    assert [o.verdict for o in same[:2]] == ["refuted", "supported"]
    apart = judge(ablation, stub_rows(0.2 + spread, 0.5 - spread, 0.8 + spread), "smoke")
    assert [o.verdict for o in apart] == ["supported", "refuted", "supported"]
    assert apart[2].estimates[0].mean == pytest.approx(0.3)  # by doubling


def test_one_seed_gives_no_verdict():
    outcome = judge(load({**load(STUB).file, "budgets": {"smoke": {"seeds": 1}}}), stub_rows([0.2], [0.5], [0.8]), "smoke")[0]
    assert outcome.verdict == "inconclusive" and "one seed" in outcome.note
