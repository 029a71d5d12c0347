"""Class weights from how often each class occurs."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class PixelCounts(NamedTuple):
    """Labelled pixels of a split, void left out."""

    pixels: Int[Tensor, " k"]  # of class c
    pixels_where_present: Int[Tensor, " k"]  # of any class, in the pictures in which c occurs


def count_pixels(labels: Iterable[Int[Tensor, "_b _h _w"]], num_classes: int, ignore_index: int) -> PixelCounts:
    """Count a split that comes in batches of label maps, of any number and size."""
    total = PixelCounts(*torch.zeros(2, num_classes, dtype=torch.int64))
    for label in labels:
        for image in label.flatten(1).cpu():
            pixels = image[image != ignore_index].bincount(minlength=num_classes)
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
    within 10 %, but for the sign class: 9.64 there, 3.85 here and in other people's counts.
    """
    present = counts.pixels > 0
    frequency = counts.pixels.double() / counts.pixels_where_present
    median = frequency[present].quantile(0.5) if present.any() else 0.0
    return torch.where(present, median / frequency, 0.0).float()
