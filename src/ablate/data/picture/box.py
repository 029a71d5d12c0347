"""Boxes around objects, as DeconvNet's training crops them (Noh et al. 2015).

Letters: b boxes; a box is top, left, bottom, right in pixels from the outer corner of the top-left pixel, the last two exclusive.
"""

from typing import Annotated

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ablate.schema.options import Range

Enlarge = Annotated[float, Range(1, 100)]  # by what the sides of a box are multiplied


def tight_boxes(mask: Bool[Tensor, "b h w"]) -> Float[Tensor, "b 4"]:
    """The smallest box around what is true in each mask; all of a mask in which nothing is."""
    found = []
    for axis in (2, 1):  # along the rows, then the columns
        some = mask.any(axis)
        some = torch.where(some.any(1, keepdim=True), some, True)
        found += [some.float().argmax(1), some.shape[1] - some.flip(1).float().argmax(1)]
    top, bottom, left, right = found
    return torch.stack([top, left, bottom, right], 1).float()


def enlarged(box: Float[Tensor, "b 4"], factor: float, size: tuple[int, int]) -> Float[Tensor, "b 4"]:
    """Boxes of `factor` times the sides about the same centres, as far as they lie in a picture of `size`."""
    first, last = box.split(2, 1)
    centre, half = (first + last) / 2, (last - first) / 2 * factor
    limits = box.new_tensor(size)
    return torch.cat([(centre - half).clamp(min=0), (centre + half).minimum(limits)], 1)


def cropped(
    image: Float[Tensor, "b 3 h w"], label: Int[Tensor, "b h w"], box: Float[Tensor, "b 4"], size: tuple[int, int]
) -> tuple[Float[Tensor, "b 3 i j"], Int[Tensor, "b i j"]]:
    """What is in each box, enlarged to `size`, its proportions not kept: the picture bilinearly, the label to the nearest pixel.

    Pixel i of a side of n shows the position first + (i + 1/2) · (last - first) / n of the picture.
    """
    y, x = (_coordinates(box[:, [axis, axis + 2]], label.shape[1 + axis], size[axis]) for axis in (0, 1))
    grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), -1)
    picture = F.grid_sample(image, grid, padding_mode="border", align_corners=False)
    # float32 holds any label below 2**24 exactly
    found = F.grid_sample(label[:, None].float(), grid, mode="nearest", padding_mode="border", align_corners=False)
    return picture, found[:, 0].long()


def _coordinates(ends: Float[Tensor, "b 2"], length: int, count: int) -> Float[Tensor, "b i"]:
    """The positions of `count` pixels between two ends on a side of `length`, from -1 to 1."""
    first, last = ends[:, :1], ends[:, 1:]
    step = (torch.arange(count, device=ends.device) + 0.5) / count
    return 2 * (first + step * (last - first)) / length - 1
