"""The effect of a claim over training, from curves worked by hand."""

import dataclasses

import numpy as np
import pytest
from stub_project import STUB_ABLATION

from ablate.ablation.report.curves import history
from ablate.ablation.report.effect_curves import effect_curves, plot_effect_curves
from ablate.ablation.spec.contrast import Contrast
from ablate.ablation.spec.read import load
from ablate.files import write_json

CLAIMS = load(STUB_ABLATION).claims


def row(cell, seed, points, status="finished"):
    steps, values = zip(*points, strict=True)
    return {"cell": cell, "seed": seed, "status": status}, {"val/score": (np.array(steps, float), np.array(values))}


def of(*runs):
    return effect_curves(CLAIMS[:1], *map(list, zip(*runs, strict=True)))


def test_the_effect_at_the_steps_that_all_have():
    low, middle = [(1, 0.1), (2, 0.1), (3, 0.2)], [(1, 0.2), (3, 0.6)]
    runs = [row("low", 0, low), row("low", 1, low), row("middle", 0, middle), row("middle", 1, [(1, 0.4), (3, 0.8)])]
    runs += [row("high", seed, [(1, 0.0), (3, 1.0), (9, 2.0)]) for seed in (0, 1)]
    first, second = of(*runs)
    assert first.label == "middle − low" and first.band.steps.tolist() == [1, 3] == second.band.steps.tolist()
    assert first.band.mean == pytest.approx([0.2, 0.5]) and second.band.mean == pytest.approx([-0.3, 0.3])
    half = 12.7062 * 0.1 * np.sqrt(2) / np.sqrt(2)  # t(.975, 1 degree of freedom), sd of two values 0.2 apart, n = 2
    assert first.band.high - first.band.mean == pytest.approx([half, half], rel=1e-4)
    assert len(plot_effect_curves([first, second]).axes) == 3


def test_a_ratio_over_training_is_drawn_on_a_logarithmic_axis():
    claim = CLAIMS[0]
    ratio = Contrast("middle / low", {"middle": 1.0, "low": -1.0})
    ratios = dataclasses.replace(claim, contrasts=(ratio,), scale="log", least_effect=2.0)
    low, middle = [(1, 0.1), (2, -0.1), (3, 0.2)], [(1, 0.2), (2, 0.3), (3, 0.8)]
    (curve,) = effect_curves([ratios], *map(list, zip(row("low", 0, low), row("middle", 0, middle), strict=True)))
    assert curve.band.steps.tolist() == [1, 3] and np.exp(curve.band.mean) == pytest.approx([2, 4])  # at 2 there is no logarithm
    axes = plot_effect_curves([curve]).axes[0]
    assert axes.get_yscale() == "log" and axes.lines[1].get_ydata() == pytest.approx([2, 4])


def test_runs_that_did_not_end_or_were_validated_once_have_none():
    good = [(1, 0.1), (2, 0.2)]
    assert of(row("low", 0, good), row("middle", 0, good, "failed"), row("high", 0, good)) == []
    assert of(row("low", 0, good), row("middle", 0, good[:1]), row("high", 0, good)) == []


def test_a_history_is_read_back(tmp_path):
    write_json(tmp_path / "history.json", {"val/score": [[1, 0.5], [2, 0.25]]})
    steps, values = history({"folder": str(tmp_path)})["val/score"]
    assert steps.tolist() == [1, 2] and values.tolist() == [0.5, 0.25]
    assert history({"folder": str(tmp_path / "nowhere")}) == {}
