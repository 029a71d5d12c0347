import math

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_confusion_matrix

from ablate.metric.segmentation import CoarseLabelScores, SegmentationScores

VOID = 255


def scores_of(*batches, k=3, void=VOID):
    metric = SegmentationScores(num_classes=k, ignore_index=void, class_names=[f"c{i}" for i in range(k)])
    for prediction, target in batches:
        metric.update(torch.as_tensor(prediction), torch.as_tensor(target))
    return {key: float(value) for key, value in metric.compute().items()}


def plain_scores(prediction, target, k, void):
    """The definitions, pixel by pixel and class by class."""
    pixels = [(int(t), int(p)) for t, p in zip(target.ravel(), prediction.ravel()) if t != void]
    iou, accuracy, weighted = {}, [], 0.0
    for c in range(k):
        hit = sum(t == c == p for t, p in pixels)
        truth = sum(t == c for t, _ in pixels)
        union = sum(t == c or p == c for t, p in pixels)
        iou[f"iou/c{c}"] = hit / union if union else math.nan
        weighted += truth * hit / union if union else 0
        accuracy += [hit / truth] if truth else []
    present = [value for value in iou.values() if not math.isnan(value)]
    return {
        "miou": np.mean(present) if present else math.nan,
        "global_accuracy": sum(t == p for t, p in pixels) / len(pixels) if pixels else math.nan,
        "class_accuracy": np.mean(accuracy) if accuracy else math.nan,
        "frequency_weighted_iou": weighted / len(pixels) if pixels else math.nan,
        **iou,
    }


def random_maps(seed, k, void):
    """Truth with void and often with classes that do not occur; the prediction agrees in about half of it."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 12, size=3)
    truth, other = (rng.choice(rng.integers(0, k, size=k), size=shape) for _ in range(2))
    prediction = np.where(rng.random(shape) < 0.5, truth, other)
    truth[rng.random(shape) < rng.choice([0.0, 0.2, 1.0], p=[0.4, 0.5, 0.1])] = void
    return prediction, truth


@pytest.mark.parametrize("void", [VOID, 5, -1])
def test_equal_the_plain_computation(void):
    for seed in range(40):
        prediction, target = random_maps(seed, k=5, void=void)
        expected = plain_scores(prediction, target, 5, void)
        assert scores_of((prediction, target), k=5, void=void) == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_worked_by_hand():
    # Confusion: 0 -> 0 twice, 0 -> 1 once, 1 -> 1 once, 1 -> 2 once; class 2 is predicted, never true.
    target, prediction = [[[0, 0, 0], [1, 1, VOID]]], [[[0, 0, 1], [1, 2, 2]]]
    expected = {"iou/c0": 2 / 3, "iou/c1": 1 / 3, "iou/c2": 0.0, "miou": 1 / 3, "global_accuracy": 3 / 5}
    expected |= {"class_accuracy": (2 / 3 + 1 / 2) / 2, "frequency_weighted_iou": (3 * 2 / 3 + 2 * 1 / 3) / 5}
    assert scores_of((prediction, target)) == pytest.approx(expected)


@pytest.mark.filterwarnings("error")
def test_all_void_gives_nan():
    scores = scores_of(([[[0, 1]]], [[[VOID, VOID]]]))
    assert len(scores) == 7 and all(map(math.isnan, scores.values()))


def test_confusion_equals_torchmetrics():
    prediction, target = torch.randint(7, (2, 4, 50, 60), generator=torch.Generator().manual_seed(0))
    metric = SegmentationScores(num_classes=7, ignore_index=6, class_names=list("abcdefg"))
    metric.update(prediction, target)
    assert torch.equal(metric.confusion, multiclass_confusion_matrix(prediction, target, 7, ignore_index=6))


def test_names_must_be_as_many_as_classes():
    with pytest.raises(ValueError):
        SegmentationScores(num_classes=3, ignore_index=VOID, class_names=["a", "b"])


# --- the scores that labels of whole squares could reach ---------------------------------------------


def coarse(stride, label):
    metric = CoarseLabelScores(stride, num_classes=3, ignore_index=9)
    metric.update(torch.zeros_like(label), label)
    return {key.split("/")[1]: float(value) for key, value in metric.compute().items()}


def test_coarse_labels_by_hand():
    label = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 1, 1], [0, 2, 2, 1]]])
    # Centres at (1, 1), (1, 3), (3, 1), (3, 3): squares 0, 1, 2, 1.
    assert coarse(2, label) == pytest.approx({"global_accuracy": 12 / 16, "miou": (4 / 6 + 7 / 9 + 1 / 5) / 3})
    assert coarse(1, label) == {"global_accuracy": 1.0, "miou": 1.0}


@pytest.mark.parametrize("size", [(16, 16), (13, 7), (1, 1)])
@pytest.mark.parametrize("stride", [1, 2, 4, 32])
def test_coarse_labels_equal_the_scores_of_the_blown_up_label(stride, size):
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(0, 3, (4, *size), generator=generator)
    h, w = size
    blown = torch.stack([
        torch.stack([label[:, min(y // stride * stride + stride // 2, h - 1), min(x // stride * stride + stride // 2, w - 1)]
                     for x in range(w)], -1) for y in range(h)], -2)  # fmt: skip
    plain = SegmentationScores(num_classes=3, ignore_index=9, class_names=["a", "b", "c"])
    plain.update(blown, label)
    assert coarse(stride, label)["miou"] == pytest.approx(float(plain.compute()["miou"]))


def test_squares_with_a_void_centre_are_left_out():
    label = torch.tensor([[[0, 1], [2, 9]]])
    assert all(value != value for value in coarse(2, label).values())  # nan: nothing is left
    label = torch.tensor([[[0, 9, 1, 2], [9, 0, 1, 9]]])
    assert coarse(2, label)["global_accuracy"] == 1.0
