"""How well the outlines of a segmentation follow the true ones."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor
from torchmetrics import Metric

from ablate.data.batch import is_void
from ablate.errors import BadInput
from ablate.schema.options import checked


class BoundaryF1(Metric):
    """Mean over pictures of the mean over classes of the F1 between predicted and true boundary pixels.

    A boundary pixel of class c is labelled c and has a 4-neighbour that is labelled, but not c. The edge of the
    picture is no boundary, nor is void: the prediction is made void where the truth is. With B_c and B'_c the
    boundary pixels of class c in the truth and in the prediction, and θ = tolerance · sqrt(h² + w²) pixels,

        precision_c = share of B'_c no farther than θ from B_c
        recall_c    = share of B_c no farther than θ from B'_c
        F1_c        = 2 · precision_c · recall_c / (precision_c + recall_c), 0 where one of them is 0 or undefined

    Distance is Euclidean, between pixel centres; θ < 1 asks for coincidence. A class counts in a picture if B_c is
    not empty (`classes="truth"`, the text of the SegNet paper), or if B_c or B'_c is not empty (`"union"`, its
    released code). A picture in which no class counts is left out; `compute` is nan if all are.

    The cost grows with the pixels of the disc, π θ² (21 at 180×240, 933 at 1024×2048), and not with the classes.

    Source: Badrinarayanan, Kendall and Cipolla 2017, "SegNet", section 4.1; after Csurka, Larlus and Perronnin
    2013, "What is a good evaluation measure for semantic segmentation?".

    Args:
        tolerance: share of the picture's diagonal.
        only: the classes that may count, such as the thin ones; None for all.

    Raises:
        BadInput: unknown `classes`, negative `tolerance`, `only` outside of 0 to num_classes - 1.
    """

    score_sum: Float[Tensor, ""]
    image_count: Int[Tensor, ""]

    @checked
    def __init__(
        self,
        num_classes: int,
        ignore_index: int | None,
        tolerance: float = 0.0075,
        classes: Literal["truth", "union"] = "truth",
        only: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self.classes = classes
        if not 0 <= tolerance < math.inf:
            raise BadInput(f"tolerance={tolerance!r} must be at least 0; the SegNet paper takes 0.0075")
        self.tolerance = tolerance
        may_count = torch.tensor([only is None or c in only for c in range(num_classes)])
        if outside := set(only or ()) - set(range(num_classes)):
            raise BadInput(f"only={list(only)!r} names class {min(outside)}; classes are 0 to {num_classes - 1}")
        self.register_buffer("may_count", may_count, persistent=False)
        self.add_state("score_sum", default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("image_count", default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, prediction: Int[Tensor, "b h w"], target: Int[Tensor, "b h w"]) -> None:
        """Score a batch of class indices; nothing waits for the device."""
        k, void = self.num_classes, is_void(target, self.ignore_index)
        dtype = torch.uint8 if k < 256 else torch.int16  # one byte a pixel where it suffices: twice as fast
        truth = _boundary_labels(torch.where(void, k, target).to(dtype), k)
        predicted = _boundary_labels(torch.where(void, k, prediction).to(dtype), k)
        truth_met, predicted_met = _met(truth, predicted, self.tolerance)
        recall, in_truth = _share(truth, truth_met, k)
        precision, in_prediction = _share(predicted, predicted_met, k)
        f1 = (2 * precision * recall / (precision + recall)).nan_to_num(0)  # b k
        counts = in_truth if self.classes == "truth" else in_truth | in_prediction
        counts = counts & self.may_count
        score = (f1 * counts).sum(1) / counts.sum(1)  # b, nan where no class counts
        self.score_sum += score.nansum()
        self.image_count += counts.any(1).sum()

    def compute(self) -> Float[Tensor, ""]:
        """The scalar mean over the pictures in which a class counts."""
        return self.score_sum / self.image_count


def _boundary_labels(label: Integer[Tensor, "b h w"], void: int) -> Integer[Tensor, "b h w"]:
    """`label` on boundary pixels, `void` elsewhere."""
    boundary = torch.zeros_like(label, dtype=torch.bool)
    for dim in (1, 2):
        size = label.shape[dim] - 1
        before, after = label.narrow(dim, 0, size), label.narrow(dim, 1, size)
        differ = (before != after) & (before != void) & (after != void)
        boundary.narrow(dim, 0, size).logical_or_(differ)
        boundary.narrow(dim, 1, size).logical_or_(differ)
    return torch.where(boundary, label, void)


def _met(
    truth: Integer[Tensor, "b h w"], predicted: Integer[Tensor, "b h w"], tolerance: float
) -> tuple[Bool[Tensor, "b h w"], Bool[Tensor, "b h w"]]:
    """Where a boundary pixel of one map has one of the same class in the other within the tolerance.

    Elsewhere the answer means nothing.
    """
    _, h, w = truth.shape
    truth_met = torch.zeros_like(truth, dtype=torch.bool)
    predicted_met = truth_met.clone()
    for dy, dx in _disc(tolerance * math.hypot(h, w), h, w):
        here = (slice(None), slice(max(0, -dy), h - max(0, dy)), slice(max(0, -dx), w - max(0, dx)))
        there = (slice(None), slice(max(0, dy), h + min(0, dy)), slice(max(0, dx), w + min(0, dx)))
        same = truth[here] == predicted[there]
        truth_met[here] |= same
        predicted_met[there] |= same
    return truth_met, predicted_met


def _disc(radius: float, h: int, w: int) -> Iterator[tuple[int, int]]:
    """Every offset (dy, dx) no longer than `radius` that stays inside an h×w picture."""
    radius += 1e-9  # a radius that is whole but for rounding reaches its last pixel
    y, x = min(int(radius), h - 1), min(int(radius), w - 1)
    return ((dy, dx) for dy in range(-y, y + 1) for dx in range(-x, x + 1) if math.hypot(dy, dx) <= radius)


def _share(label: Integer[Tensor, "b h w"], met: Bool[Tensor, "b h w"], k: int) -> tuple[Float[Tensor, "b k"], Bool[Tensor, "b k"]]:
    """Share of each picture's boundary pixels of each class that are met, and whether there are any."""
    b, kinds = len(label), k + 1
    image = torch.arange(b, device=label.device).view(b, 1, 1)
    bins = ((image * kinds + label) * 2 + met).flatten()
    counts = torch.zeros(b * kinds * 2, dtype=torch.int64, device=label.device)
    counts = counts.scatter_add_(0, bins, torch.ones_like(bins)).view(b, kinds, 2)[:, :k].double()
    total = counts.sum(2)
    return counts[..., 1] / total, total > 0
