"""The glimpse sensor: patches of a picture around a place, sharp in the middle and coarse around it."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def crop(image: Float[Tensor, "b 1 h w"], location: Float[Tensor, "b 2"], width: int) -> Float[Tensor, "b 1 n n"]:
    """A square of `width` pixels whose middle is nearest to `location`; beyond the picture's edge is black.

    The square begins at round((l + 1)/2 · size - width/2): l = -1 and 1 are the edges of the picture. All squares of a batch are
    one gather, whose time does not depend on the picture's size.
    """
    size = torch.tensor(image.shape[2:], device=image.device)
    start = ((location + 1) / 2 * size - width / 2).round().long()
    rows, columns = (start[:, axis, None] + torch.arange(width, device=image.device) for axis in (0, 1))
    inside = ((rows >= 0) & (rows < size[0]))[:, :, None] & ((columns >= 0) & (columns < size[1]))[:, None]
    batch = torch.arange(len(image), device=image.device)[:, None, None]
    patch = image[batch, 0, rows.clamp(0, image.shape[2] - 1)[:, :, None], columns.clamp(0, image.shape[3] - 1)[:, None]]
    return (patch * inside)[:, None]


def glimpse(
    image: Float[Tensor, "b 1 h w"], location: Float[Tensor, "b 2"], width: int, scales: int
) -> Float[Tensor, "b s width width"]:
    """Squares of width, 2·width, 4·width … pixels around one place, each averaged down to `width` pixels.

    Source: Mnih et al. 2014, section 3.1.
    """
    return torch.cat([F.avg_pool2d(crop(image, location, width * 2**k), 2**k) for k in range(scales)], 1)
