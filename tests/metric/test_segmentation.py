import math

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_confusion_matrix

from ablate.metric.segmentation import SegmentationScores

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
