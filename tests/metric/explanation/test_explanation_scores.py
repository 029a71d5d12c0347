"""Scores of explanations on maps of which they are known, and against captum and scipy."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from ablate.explanation.integrated_gradients import integrated_gradients
from ablate.explanation.score import Score
from ablate.metric.explanation.completeness import Completeness
from ablate.metric.explanation.curves import AreaUnder, deletion_curve, insertion_curve
from ablate.metric.explanation.infidelity import Infidelity
from ablate.metric.explanation.layerwise import LayerwiseLikeness
from ablate.metric.explanation.localisation import EnergyInside, PointingGame, Sharpness
from ablate.metric.explanation.similarity import RankCorrelation, StructuralSimilarity

GENERATOR = torch.Generator().manual_seed(0)
WEIGHT = torch.randn(3, 8, 8, generator=GENERATOR)
X = torch.rand(2, 3, 8, 8, generator=GENERATOR)
LINEAR = Score(lambda x: (x * WEIGHT).sum((1, 2, 3)))
MASK = torch.zeros(2, 8, 8, dtype=torch.bool)
MASK[0, 2:4, 2:6] = True


def of(metric, *data):
    metric.update(*data)
    return metric.compute()


def test_the_parts_of_a_linear_score_are_complete_and_half_of_them_leave_half():
    parts = X * WEIGHT
    nothing = LINEAR(torch.zeros_like(X))
    assert float(of(Completeness(), parts, LINEAR(X), nothing)) == pytest.approx(0, abs=1e-6)
    assert float(of(Completeness(), parts / 2, LINEAR(X), nothing)) == pytest.approx(0.5)
    curved = Score(lambda x: (x * WEIGHT).sum((1, 2, 3)) ** 3 / 100)
    gaps = [float(of(Completeness(), integrated_gradients(curved, X, steps=n), curved(X), nothing)) for n in (1, 4, 16)]
    assert gaps[0] > 4 * gaps[1] > 16 * gaps[2] > 0  # the midpoint rule: four times the steps, a sixteenth of the error


def test_pointing_and_energy_by_hand():
    maps = torch.zeros(2, 8, 8)
    maps[0, 3, 5], maps[0, 7, 7], maps[1, 0, 0] = 3.0, 1.0, 1.0
    assert float(of(PointingGame(), maps, MASK)) == 1  # the second picture has no mask
    assert float(of(EnergyInside(), maps, MASK)) == pytest.approx(0.75)
    assert float(of(PointingGame(), maps.flip(1), MASK)) == 0
    assert float(of(PointingGame(), torch.zeros(2, 8, 8), MASK | True)) == 0  # which points nowhere
    assert float(of(EnergyInside(), torch.ones(2, 8, 8), MASK)) == pytest.approx(8 / 64)  # chance
    assert of(EnergyInside(), torch.zeros(2, 8, 8), MASK).isnan()


def test_a_lone_pixel_is_sharp_and_a_flat_map_is_not():
    lone = torch.zeros(1, 8, 8)
    lone[0, 4, 4] = 7.0
    assert float(of(Sharpness(), lone)) == 1 and float(of(Sharpness(), torch.ones(1, 8, 8))) == 0
    ramp = torch.arange(8.0).expand(1, 8, 8)
    assert float(of(Sharpness(), ramp)) == pytest.approx(8 * 7 / (4 * 8 * 28))


def test_deletion_takes_the_largest_parts_first_and_insertion_brings_them():
    """Of a linear score and a black baseline each step takes away the sum of its parts."""
    parts = (X * WEIGHT).sum(1)
    ordered = parts.flatten(1).sort(1, descending=True).values
    sums = torch.cat([torch.zeros(2, 1), ordered.cumsum(1)], 1)[:, ::16]
    total = LINEAR(X)[:, None]
    torch.testing.assert_close(deletion_curve(LINEAR, X, parts, steps=4, baseline=0.0), total - sums, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(insertion_curve(LINEAR, X, parts, steps=4, baseline=0.0), sums, rtol=1e-4, atol=1e-4)
    assert float(of(AreaUnder(), torch.tensor([[1.0, 0.0], [1.0, 1.0]]))) == 0.75
    best, worst = (of(AreaUnder(), deletion_curve(LINEAR, X, sign * parts)) for sign in (1, -1))
    assert best < worst


def test_the_gradient_of_a_linear_score_predicts_all_changes_whatever_its_scale():
    gradient = WEIGHT.expand_as(X)
    right, scaled, wrong = (float(of(Infidelity(), LINEAR, X, a)) for a in (gradient, 5 * gradient, gradient.flip(2)))
    assert right == pytest.approx(0, abs=1e-4) and scaled == pytest.approx(0, abs=1e-4) and wrong > 0.1
    assert wrong == float(of(Infidelity(), LINEAR, X, gradient.flip(2)))  # its noise has a seed
    variance = float((0.1 * WEIGHT).square().sum())
    assert float(of(Infidelity(samples=500), LINEAR, X, torch.zeros_like(X))) == pytest.approx(variance, rel=0.2)


def test_similarities_are_those_of_scipy_and_scikit_image():
    a, b = torch.rand(2, 2, 16, 16, generator=GENERATOR)
    b = (a + b) / 2
    rank, ssim = (float(of(metric(), a, b)) for metric in (RankCorrelation, StructuralSimilarity))
    assert rank == pytest.approx(np.mean([spearmanr(x.flatten(), y.flatten()).statistic for x, y in zip(a, b)]))
    to_one = [(m - m.amin((1, 2), keepdim=True)) / (m.amax((1, 2), keepdim=True) - m.amin((1, 2), keepdim=True)) for m in (a, b)]
    options = dict(data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    pairs = [[np.pad(each.numpy(), 5, mode="reflect") for each in pair] for pair in zip(*to_one)]  # whose borders it leaves out
    assert ssim == pytest.approx(np.mean([structural_similarity(*pair, **options) for pair in pairs]), abs=1e-4)
    assert float(of(RankCorrelation(), a, 3 * a)) == pytest.approx(1)
    assert float(of(StructuralSimilarity(), a, 3 * a)) == pytest.approx(1, abs=1e-6)
    assert of(RankCorrelation(), a, torch.zeros_like(a)).isnan()


def test_a_curve_leaves_out_what_is_not_defined_and_its_mean_leaves_out_the_trained_network():
    metric = LayerwiseLikeness(2)
    metric.update(torch.tensor([[1.0, 0.5, torch.nan], [1.0, 0.7, 0.2]]))
    metric.update(torch.tensor([[1.0, 0.9, 0.0]]))
    assert metric.curve().tolist() == pytest.approx([1, 0.7, 0.1]) and float(metric.compute()) == pytest.approx(0.4)
