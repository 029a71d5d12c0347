"""Cross-entropy over the pixels of a picture, with weights of classes from how often each occurs."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.data.batch import IGNORE, is_void
from ablate.errors import BadInput
from ablate.schema.options import AboveZero, Positive, ProperFraction, checked


class PixelCounts(NamedTuple):
    """Labelled pixels of a split, void left out."""

    pixels: Int[Tensor, " k"]  # of class c
    pixels_where_present: Int[Tensor, " k"]  # of any class, in the pictures in which c occurs


def count_pixels(labels: Iterable[Int[Tensor, "_b _h _w"]], num_classes: int, ignore_index: int | None) -> PixelCounts:
    """Count a split that comes in batches of label maps, of any number and size."""
    total = PixelCounts(*torch.zeros(2, num_classes, dtype=torch.int64))
    for label in labels:
        for image in label.flatten(1).cpu():
            pixels = image[~is_void(image, ignore_index)].bincount(minlength=num_classes)
            total.pixels.add_(pixels)
            total.pixels_where_present.add_(pixels.sum() * (pixels > 0))
    return total


def median_frequency(counts: PixelCounts) -> Float[Tensor, " k"]:
    """weight_c = median(freq) / freq_c, with freq_c = pixels_c / pixels_where_present_c.

    The median is over the classes that occur, the mean of the middle two where they are even in number. A class
    that never occurs has weight 0: it is no target, and if it turns up in another split it is not counted there.

    Source: Eigen and Fergus 2015, "Predicting depth, surface normals and semantic labels with a common multi-scale
    convolutional architecture", section 6.3.2, whose freq_c divides by all pixels of those pictures; here void is
    left out, which on CamVid changes no weight by more than 0.5 %. The weights released with SegNet are these times
    0.92 (as if void were a twelfth class in the median; a weighted mean does not see a common factor), each to
    within 11 %, but for the sign class: 9.64 there, 3.85 here and in other people's counts.
    """
    present = counts.pixels > 0
    frequency = counts.pixels.double() / counts.pixels_where_present
    median = frequency[present].quantile(0.5) if present.any() else 0.0
    return torch.where(present, median / frequency, 0.0).float()


ClassWeight = Literal["none", "median_frequency"] | Sequence[AboveZero]


class CrossEntropy(nn.Module):
    """Weighted mean over the pixels i that are not void of the cross-entropy of logits z_i and class y_i.

        loss = Σ_i w[y_i] · -log softmax(z_i)[y_i] / Σ_i w[y_i]

    It is 0, with zero gradient, where that mean has nothing in it: all pixels void, or of weight 0. With
    label_smoothing ε the target is (1 - ε) on y_i and ε / k more on each of the k classes, as in torch (Szegedy et
    al. 2016, "Rethinking the Inception architecture", section 7). Half-precision logits are taken to float32.

    Args:
        class_weight: "none"; "median_frequency", which waits for `set_counts`; or w, num_classes positive numbers.

    Attributes:
        weight: w, kept in checkpoints; None for "none", nan until counted.
        needs_counts: whether `set_counts` (or a checkpoint that holds w) is still to come.

    Raises:
        BadInput: a class weight or a label smoothing that is none of these.
        RuntimeError: used while `needs_counts`.
    """

    weight: Float[Tensor, " k"] | None

    @checked
    def __init__(
        self,
        num_classes: Positive,
        ignore_index: int | None,
        class_weight: ClassWeight = "none",
        label_smoothing: ProperFraction = 0.0,
    ) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self.register_buffer("weight", _initial_weight(class_weight, num_classes))
        _note_counts(self)
        self.register_load_state_dict_post_hook(_note_counts)

    def set_counts(self, counts: PixelCounts) -> None:
        """Weigh the classes by median frequency."""
        self.weight.copy_(median_frequency(counts))
        _note_counts(self)

    def forward(self, logits: Float[Tensor, "n k h w"], target: Int[Tensor, "n h w"]) -> Float[Tensor, ""]:
        if self.needs_counts:
            raise RuntimeError("`class_weight`='median_frequency' needs set_counts() before the first loss")
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        # Not reduced by torch: on CUDA its 2d reduction adds in any order (and raises in deterministic mode), and
        # the reduction over flattened pixels runs in a single block.
        losses = F.cross_entropy(
            logits,
            target.long(),
            None if self.weight is None else self.weight.to(logits.dtype),
            ignore_index=IGNORE if self.ignore_index is None else self.ignore_index,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        mass = self.mass(target, logits.dtype)
        return losses.sum() / mass.masked_fill(mass == 0, math.inf)

    def mass(self, target: Int[Tensor, "n h w"], dtype: torch.dtype = torch.float32) -> Float[Tensor, ""]:
        """Σ_i w[y_i] over the pixels that are not void: what the mean is over."""
        labelled = ~is_void(target, self.ignore_index)
        if self.weight is None:
            return labelled.sum().to(dtype)
        return (self.weight.to(dtype)[target.where(labelled, 0)] * labelled).sum()


def _initial_weight(class_weight: ClassWeight, num_classes: int) -> Tensor | None:
    if isinstance(class_weight, str):
        return None if class_weight == "none" else torch.full((num_classes,), math.nan)
    if len(class_weight) != num_classes:
        raise BadInput(f"`class_weight`={list(class_weight)!r} must have {num_classes} numbers, one a class")
    return torch.tensor(class_weight, dtype=torch.float32)


def _note_counts(loss: CrossEntropy, _: object = None) -> None:
    # Kept as a plain flag, so that a step does not wait for the device to look at the weights.
    loss.needs_counts = loss.weight is not None and bool(loss.weight.isnan().any())
