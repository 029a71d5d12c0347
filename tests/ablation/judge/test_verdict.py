"""Verdicts are wrong no more often than they say, and follow from numbers that one can check by hand."""

import numpy as np
import pytest
from stub_project import STUB_ABLATION

from ablate.ablation.judge.verdict import judge, unattainable
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
        found.append([outcome.verdict for outcome in judge(ablation, rows, ablation.design("quick"))])
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("effect, seeds", [(0.1, 3), (-0.1, 5)])  # exactly where it begins to count: the hardest truth
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
    more, _ = judge(ablation, stub_rows(0.2 + spread, 0.5 - spread, 0.8 + spread), ablation.design("smoke"))
    assert more.verdict == "supported" and [e.label for e in more.estimates] == ["middle − low", "high − middle"]
    assert more.estimates[0].mean == pytest.approx(0.3) and more.n == 3
    more, _ = judge(ablation, stub_rows(0.2 + spread, 0.8 - spread, 0.5 + spread), ablation.design("smoke"))
    assert more.verdict == "refuted"


def test_a_claim_without_a_result_is_incomplete_and_says_which():
    rows = [row for row in stub_rows([0.2] * 3, [0.5] * 3, [0.8] * 3) if (row["cell"], row["seed"]) != ("high", 2)]
    ablation = load(STUB_ABLATION)
    for outcome in judge(ablation, rows, ablation.design("smoke")):
        assert outcome.verdict == "incomplete" and outcome.note == "no result of high seed 2"


def test_equivalence_and_difference():
    pair, trend = {"minus": ["low", "middle"]}, {"trend": {"low": 2, "middle": 4, "high": 8}, "scale": "log2"}
    claims = {name: {**CLAIM, "contrast": pair, "direction": name, "least_effect": 0.05} for name in ("differs", "equivalent")}
    claims["third"] = {**CLAIM, "contrast": trend, "direction": "greater", "least_effect": 0}
    given = {**load(STUB_ABLATION).file, "claims": claims}
    ablation, spread = load(given), np.array([-0.001, 0.0, 0.001])
    same = judge(ablation, stub_rows(0.5 + spread, 0.5 - spread, 0.5 + spread), ablation.design("smoke"))
    assert [o.verdict for o in same[:2]] == ["refuted", "supported"]
    apart = judge(ablation, stub_rows(0.2 + spread, 0.5 - spread, 0.8 + 2 * spread), ablation.design("smoke"))
    assert [o.verdict for o in apart] == ["supported", "refuted", "supported"]
    assert apart[2].estimates[0].mean == pytest.approx(0.3)  # by doubling


def test_one_seed_gives_no_verdict():
    ablation = load({**load(STUB_ABLATION).file, "budgets": {"smoke": {"seeds": 1}}})
    outcome = judge(ablation, stub_rows([0.2], [0.5], [0.8]), ablation.design("smoke"))[0]
    assert outcome.verdict == "inconclusive" and "one seed" in outcome.note


def judged(claim, low, middle, high, metrics=None, **more):
    """The outcome of one claim on the stub's cells."""
    given = {**load(STUB_ABLATION).file, "claims": {"it": {**CLAIM, **claim}}, **more}
    given |= {"metrics": metrics or {"test/score": "maximise"}, "cells": {c: v for c, v in given["cells"].items() if c != "middle"}}
    given["cells"]["middle"] = ["quality=0.5"]
    ablation = load(given)
    return judge(ablation, stub_rows(low, middle, high), ablation.design("smoke"))[0]


RATIO = {"contrast": {"minus": ["high", ["low", "middle"]]}, "direction": "greater", "least_effect": 1.5, "scale": "log"}


def test_a_ratio_is_judged_on_the_logarithm():
    outcome = judged(RATIO, [1, 10, 100], [1, 10, 100], [3.1, 30, 301])
    assert outcome.verdict == "supported" and np.exp(outcome.estimates[0].mean) == pytest.approx(3.036, abs=0.001)
    assert judged({**RATIO, "scale": "linear"}, [1, 10, 100], [1, 10, 100], [3.1, 30, 301]).verdict == "inconclusive"


def test_a_value_without_a_logarithm_decides_nothing():
    outcome = judged(RATIO, [1, 10, 0.0], [1, 10, 100], [3.1, 30, 301])
    assert outcome.verdict == "inconclusive" and "test/score of low, seed 2, is 0, which has no logarithm" in outcome.note


def test_each_is_supported_by_all_and_refuted_by_any():
    each = {"contrast": {"each": [["middle", "low"], ["high", "low"]]}, "direction": "equivalent", "least_effect": 0.1}
    spread = np.array([-0.001, 0.0, 0.001])
    assert judged(each, 0.5 + spread, 0.5 - spread, 0.5 + 2 * spread).verdict == "supported"
    opposite = judged(each, 0.5 + spread, 0.8 - spread, 0.2 + 2 * spread)  # the mean of both is equal
    assert opposite.verdict == "refuted"
    assert judged(each, 0.5 + spread, 0.5 - spread, [0.4, 0.7, 0.55]).verdict == "inconclusive"


def test_yes_or_no_needs_the_sign_test_and_enough_seeds():
    claim = {"contrast": {"minus": ["high", ["low", "middle"]]}, "direction": "greater", "least_effect": 0.2}
    zeros, ones = [0.0] * 3, [1.0] * 3
    assert "it needs test: sign" in judged(claim, zeros, zeros, ones).note
    few = judged({**claim, "test": "sign"}, zeros, zeros, ones)
    assert few.verdict == "inconclusive" and few.p == pytest.approx(2 / 8) and "no p below 0.12" in few.note
    many = {"budgets": {"smoke": {"seeds": 6}}}
    assert judged({**claim, "test": "sign"}, zeros * 2, zeros * 2, ones * 2, **many).verdict == "supported"


def test_accuracies_that_are_all_one_are_equal_seeds_and_not_yes_or_no():
    claim = {"contrast": {"each": ["*"], "bound": 0.9}, "direction": "greater", "least_effect": 0}
    ones = [1.0] * 6
    assert judged(claim, ones, ones, ones, budgets={"smoke": {"seeds": 6}}).p == pytest.approx(2 / 2**6)


@pytest.mark.parametrize("bound, verdict", [(0.15, "supported"), (0.05, "refuted")])
def test_pairs_with_a_bound_may_differ_by_so_much(bound, verdict):
    claim = {"contrast": {"each": [["middle", "low"], ["middle", "high"]], "bound": bound}, "direction": "less", "least_effect": 0}
    values = [0.4, 0.5, 0.6, 0.7], [0.5, 0.59, 0.71, 0.8], [0.9] * 4
    outcome = judged(claim, *values, budgets={"smoke": {"seeds": 4}})
    assert outcome.verdict == verdict and outcome.claim.contrasts[0].label == f"middle − low − {bound}"


def test_what_a_diverged_run_does_not_have_is_incomplete_or_the_worst():
    claim = {"contrast": {"minus": ["high", ["low", "middle"]]}, "direction": "less", "least_effect": 0.2}
    high = [0.1, 0.1, float("nan")]
    assert judged(claim, [0.7, 0.8, 0.9], [0.7, 0.8, 0.8], high).verdict == "incomplete"
    bounded = {"test/score": {"better": "minimise", "worst": 1.0}}
    outcome = judged({**claim, "if_missing": "worst"}, [0.7, 0.8, 0.9], [0.7, 0.8, 0.8], high, bounded)
    assert outcome.verdict == "inconclusive" and outcome.estimates[0].values[2] == pytest.approx(0.15)


def test_an_exploratory_claim_has_an_interval_and_no_part_in_the_correction():
    ablation = load(STUB_ABLATION)
    rows = stub_rows([0.2, 0.21, 0.22], [0.5, 0.52, 0.51], [0.8, 0.83, 0.81])
    both = judge(ablation, rows, ablation.design("smoke"))
    claims = ablation.file["claims"]
    marked = load({**ablation.file, "claims": {**claims, "less": {**claims["less"], "exploratory": True}}})
    alone = judge(marked, rows, marked.design("smoke"))
    assert alone[1].verdict == "exploratory" and alone[1].estimates[0].bounded
    assert alone[0].p < both[0].p and marked.registration("smoke", marked.design("smoke"))["claims"]["less"]["exploratory"]


def sequential(values):
    """The stub's first claim alone, looked at after 3 and 6 seeds."""
    file = load(STUB_ABLATION).file
    claims, looks = {"more": file["claims"]["more"]}, {"seeds": [3, 6], "weights": [0.5, 0.5]}
    ablation = load({**file, "claims": claims, "metrics": {"test/score": "maximise"}, "looks": looks})
    return judge(ablation, stub_rows(*values), ablation.design("smoke", until_decided=True))[0]


def test_a_claim_is_decided_at_its_first_look_and_never_opened_again():
    spread = np.array([-0.001, 0.0, 0.001])
    clear = 0.2 + spread, 0.5 - spread, 0.8 + spread
    assert sequential(clear).verdict == "supported" and sequential(clear).n == 3
    later = [np.concatenate([x, x[::-1] + 0.3 * i]) for i, x in zip((2, 1, 0), clear, strict=True)]
    assert sequential(later).verdict == "supported" and sequential(later).n == 3


def test_a_claim_with_a_missing_run_is_not_looked_at():
    noisy = [0.2, 0.9, 0.1], [0.5, 0.1, 0.8], [0.8, 0.3, 0.7]
    outcome = sequential(noisy)
    assert outcome.verdict == "incomplete" and outcome.note.startswith("open after 3 seeds; no result of middle seed 3, 4, 5")


def test_a_design_that_cannot_decide_says_so():
    file = load(STUB_ABLATION).file
    signed = load({**file, "claims": {name: {**claim, "test": "sign"} for name, claim in file["claims"].items()}})
    assert unattainable(signed, signed.design("smoke"))["more"] == "3 seeds give no p below 0.12, and 0.013 is needed"
    assert not unattainable(signed, signed.design("smoke", until_decided=True))
    assert not unattainable(load(file), signed.design("smoke"))
