"""Verdicts are wrong no more often than they say, and follow from numbers that one can check by hand."""

import numpy as np
import pytest
from stub_project import STUB_ABLATION

from ablate.ablation.judge.verdict import judge
from ablate.ablation.spec.read import load

CLAIM = {"statement": "s", "source": "s", "metric": "test/score"}


def ablation_of(claims, seeds):
    """`claims` claims, each of a pair of cells of its own, that A is better than B by more than 0.1."""
    pairs = {f"{side}{i}": [f"quality={i}", f"mode={side}"] for i in range(claims) for side in "ab"}
    claim = {**CLAIM, "direction": "greater", "least_effect": 0.1}
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


def stub_rows(low, middle, high, metric="test/score"):
    values = {"low": low, "middle": middle, "high": high}
    return [
        {"cell": cell, "seed": seed, "status": "finished", metric: v, "test/error": 1 - v}
        for cell, numbers in values.items()
        for seed, v in enumerate(numbers)
    ]


def test_an_order_holds_if_all_its_steps_do_and_falls_with_any():
    ablation = load(STUB_ABLATION)
    spread = np.array([-0.01, 0.0, 0.01])
    more, _ = judge(ablation, stub_rows(0.2 + spread, 0.5 - spread, 0.8 + spread), "smoke")
    assert more.verdict == "supported" and [e.label for e in more.estimates] == ["middle − low", "high − middle"]
    assert more.estimates[0].mean == pytest.approx(0.3) and more.n == 3
    more, _ = judge(ablation, stub_rows(0.2 + spread, 0.8 - spread, 0.5 + spread), "smoke")
    assert more.verdict == "refuted"


def test_a_claim_without_a_result_is_incomplete_and_says_which():
    rows = [row for row in stub_rows([0.2] * 3, [0.5] * 3, [0.8] * 3) if (row["cell"], row["seed"]) != ("high", 2)]
    for outcome in judge(load(STUB_ABLATION), rows, "smoke"):
        assert outcome.verdict == "incomplete" and outcome.note == "no result of high seed 2"


def test_equivalence_and_difference():
    pair, trend = {"minus": ["low", "middle"]}, {"trend": {"low": 2, "middle": 4, "high": 8}, "scale": "log2"}
    claims = {name: {**CLAIM, "contrast": pair, "direction": name, "least_effect": 0.05} for name in ("differs", "equivalent")}
    claims["third"] = {**CLAIM, "contrast": trend, "direction": "greater", "least_effect": 0}
    given = {**load(STUB_ABLATION).file, "claims": claims}
    ablation, spread = load(given), np.array([-0.001, 0.0, 0.001])
    same = judge(ablation, stub_rows(0.5 + spread, 0.5 - spread, 0.5 + spread), "smoke")
    assert [o.verdict for o in same[:2]] == ["refuted", "supported"]
    apart = judge(ablation, stub_rows(0.2 + spread, 0.5 - spread, 0.8 + spread), "smoke")
    assert [o.verdict for o in apart] == ["supported", "refuted", "supported"]
    assert apart[2].estimates[0].mean == pytest.approx(0.3)  # by doubling


def test_one_seed_gives_no_verdict():
    outcome = judge(
        load({**load(STUB_ABLATION).file, "budgets": {"smoke": {"seeds": 1}}}), stub_rows([0.2], [0.5], [0.8]), "smoke"
    )[0]
    assert outcome.verdict == "inconclusive" and "one seed" in outcome.note
