import math

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from ablate.errors import BadInput
from ablate.metric.boundary import BoundaryF1

VOID = 255
COINCIDE = 0.0  # a tolerance under one pixel


def boundary_f1(prediction, target, k=4, void=VOID, **options):
    metric = BoundaryF1(num_classes=k, ignore_index=void, **options)
    metric.update(torch.as_tensor(prediction), torch.as_tensor(target))
    return float(metric.compute())


def plain_boundary(label, c):
    """Pixel by pixel: labelled c, beside a labelled pixel of another class."""
    h, w = label.shape
    boundary = np.zeros((h, w), dtype=bool)
    for y in range(h):
        for x in range(w):
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if label[y, x] == c and 0 <= v < h and 0 <= u < w and label[v, u] not in (c, VOID):
                    boundary[y, x] = True
    return boundary


def plain_share(boundary, other, theta):
    """Share of the boundary pixels within theta of the other boundary, by exact distance transform."""
    if not boundary.any() or not other.any():
        return 0.0
    return float((distance_transform_edt(~other)[boundary] <= theta + 1e-9).mean())


def plain_f1(prediction, target, k, tolerance, classes="truth", only=None):
    scores = []
    for predicted, truth in zip(prediction, target):
        predicted = np.where(truth == VOID, VOID, predicted)
        theta, of_classes = tolerance * math.hypot(*truth.shape), []
        for c in range(k) if only is None else only:
            b, b_predicted = plain_boundary(truth, c), plain_boundary(predicted, c)
            if b.any() or (classes == "union" and b_predicted.any()):
                precision, recall = plain_share(b_predicted, b, theta), plain_share(b, b_predicted, theta)
                of_classes.append(2 * precision * recall / (precision + recall) if precision * recall else 0.0)
        scores += [np.mean(of_classes)] if of_classes else []
    return np.mean(scores) if scores else math.nan


def random_maps(seed, k=4):
    """Coarse patches, the prediction shifted against them; some void, some pictures all void or of one class."""
    rng = np.random.default_rng(seed)
    b, (h, w) = rng.integers(1, 5), rng.integers(1, 20, size=2)
    patches = rng.integers(0, k - rng.integers(0, 2), size=(b, 8, 8)).repeat(4, axis=1).repeat(4, axis=2)
    dy, dx = rng.integers(0, 4, size=2)
    truth, prediction = patches[:, :h, :w].copy(), patches[:, dy : dy + h, dx : dx + w].copy()
    prediction[rng.random((b, h, w)) < 0.05] = rng.integers(0, k)
    truth[rng.random((b, h, w)) < rng.choice([0.0, 0.1])] = VOID
    fate = rng.random(b)
    truth[fate < 0.1], truth[fate > 0.9] = VOID, 1
    return prediction, truth


@pytest.mark.parametrize("options", [{}, {"classes": "union"}, {"only": (1, 3)}, {"classes": "union", "only": [0]}])
def test_equals_the_plain_computation(options):
    for seed in range(30):
        prediction, target = random_maps(seed)
        tolerance = (COINCIDE, 0.06, 0.1, 0.15, 0.5, 2.0)[seed % 6]
        expected = plain_f1(prediction, target, 4, tolerance, **options)
        assert boundary_f1(prediction, target, tolerance=tolerance, **options) == pytest.approx(expected, nan_ok=True)


def test_equals_the_plain_computation_at_the_default_tolerance():
    patches = np.random.default_rng(0).integers(0, 4, size=(1, 13, 17)).repeat(12, axis=1).repeat(12, axis=2)
    prediction, target = patches[:, 2:150, 1:200], patches[:, :148, :199]  # theta is 1.86 pixels
    expected = plain_f1(prediction, target, 4, 0.0075)
    assert 0.2 < expected < 0.9
    assert boundary_f1(prediction, target) == pytest.approx(expected)


def test_two_readings_of_classes_by_hand():
    target, prediction = [[[0, 0, 0, 1, 1, 1]]], [[[0, 0, 0, 1, 1, 2]]]
    # Class 0 coincides: 1. Class 1: precision 1/2, recall 1, F1 2/3. Class 2 is in the prediction alone: 0.
    assert boundary_f1(prediction, target, tolerance=COINCIDE) == pytest.approx((1 + 2 / 3) / 2)
    assert boundary_f1(prediction, target, tolerance=COINCIDE, classes="union") == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_tolerance_is_a_euclidean_distance_by_hand():
    # A dot at (1, 1) predicted at (2, 2), sqrt(2) pixels off; the diagonal is 10. Class 0 is not asked for.
    target, prediction = torch.zeros(2, 1, 6, 8, dtype=torch.int64)
    target[0, 1, 1] = prediction[0, 2, 2] = 1
    assert boundary_f1(prediction, target, tolerance=0.141, only=[1]) == 0
    assert boundary_f1(prediction, target, tolerance=0.142, only=[1]) == 1


def test_a_distance_equal_to_the_tolerance_is_within():
    target, prediction = torch.zeros(2, 1, 60, 80, dtype=torch.int64)  # diagonal 100
    target[0, 30, 10] = prediction[0, 30, 39] = 1
    assert boundary_f1(prediction, target, tolerance=0.29, only=[1]) == 1  # 0.29 · 100 = 28.999999999999996


def test_no_predicted_boundary_is_zero():
    assert boundary_f1([[[0, 0, 0, 0]]], [[[0, 0, 1, 1]]], tolerance=1.0) == 0


def test_void_and_the_edge_of_the_picture_are_no_boundaries():
    target, prediction = [[[0, 0, VOID, 1, 1]]], [[[0, 0, 2, 1, 1]]]
    assert math.isnan(boundary_f1(prediction, target, classes="union"))
    # Without the mask the prediction would have boundaries beside the void.
    assert boundary_f1([[[1, 0, 2, 1]]], [[[1, 0, VOID, 1]]], tolerance=COINCIDE) == 1


@pytest.mark.filterwarnings("error")
def test_pictures_without_a_class_that_counts_are_left_out():
    void, single, split = [[VOID, VOID, VOID]], [[1, 1, 1]], [[0, 1, 1]]
    assert math.isnan(boundary_f1([split, split], [void, single]))
    assert boundary_f1([split, split, single, split], [void, single, split, split]) == pytest.approx((0 + 1) / 2)


@pytest.mark.parametrize("first", [251, 252, 290])
def test_more_classes_than_a_byte_holds(first):
    prediction, target = random_maps(0)
    expected = boundary_f1(prediction, target, tolerance=0.1)
    lifted = (np.where(x == VOID, -1, x + first) for x in (prediction, target))
    assert 0 < expected < 1
    assert boundary_f1(*lifted, k=first + 4, void=-1, tolerance=0.1) == pytest.approx(expected)


@pytest.mark.parametrize(
    "options", [{"classes": "all"}, {"tolerance": -0.1}, {"tolerance": math.nan}, {"only": [4]}, {"only": [-1]}]
)
def test_bad_input_is_named(options):
    with pytest.raises(BadInput, match=next(iter(options))):
        BoundaryF1(num_classes=4, ignore_index=VOID, **options)
