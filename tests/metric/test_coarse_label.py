import pytest
import torch

from ablate.metric.coarse_label import CoarseLabelScores
from ablate.metric.segmentation import SegmentationScores

VOID = 9


def of(stride, label):
    metric = CoarseLabelScores(stride, num_classes=3, ignore_index=VOID)
    metric.update(torch.zeros_like(label), label)
    return {key.split("/")[1]: float(value) for key, value in metric.compute().items()}


def test_worked_by_hand():
    label = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 1, 1], [0, 2, 2, 1]]])
    # Centres at (1, 1), (1, 3), (3, 1), (3, 3): squares 0, 1, 2, 1.
    assert of(2, label) == pytest.approx({"global_accuracy": 12 / 16, "miou": (4 / 6 + 7 / 9 + 1 / 5) / 3})
    assert of(1, label) == {"global_accuracy": 1.0, "miou": 1.0}


@pytest.mark.parametrize("size", [(16, 16), (13, 7), (1, 1)])
@pytest.mark.parametrize("stride", [1, 2, 4, 32])
def test_equals_the_scores_of_the_blown_up_label(stride, size):
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(0, 3, (4, *size), generator=generator)
    h, w = size
    blown = torch.stack([
        torch.stack([label[:, min(y // stride * stride + stride // 2, h - 1), min(x // stride * stride + stride // 2, w - 1)]
                     for x in range(w)], -1) for y in range(h)], -2)  # fmt: skip
    plain = SegmentationScores(num_classes=3, ignore_index=VOID, class_names=["a", "b", "c"])
    plain.update(blown, label)
    assert of(stride, label)["miou"] == pytest.approx(float(plain.compute()["miou"]))


def test_squares_with_a_void_centre_are_left_out():
    label = torch.tensor([[[0, 1], [2, VOID]]])
    assert all(value != value for value in of(2, label).values())  # nan: nothing is left
    label = torch.tensor([[[0, VOID, 1, 2], [VOID, 0, 1, VOID]]])
    assert of(2, label)["global_accuracy"] == 1.0
