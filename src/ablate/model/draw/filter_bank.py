"""A window of Gaussian filters: a differentiable view of a part of a picture, sharp or coarse."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

PARAMETERS = 5  # numbers that a network gives for a window
MOST = 7.0  # of their logarithms, in size: e⁷ is beyond any picture, and e⁻⁷ is a single pixel


class Window(NamedTuple):
    """Where the filters of each picture lie; lengths in pixels, whose middles are 0, 1, 2 …."""

    y: Float[Tensor, "*b"]  # of the window's middle
    x: Float[Tensor, "*b"]
    stride: Float[Tensor, "*b"]  # δ, from filter to filter
    deviation: Float[Tensor, "*b"]  # σ of each filter
    intensity: Float[Tensor, "*b"]  # γ


def window(parameters: Float[Tensor, "b 5"], filters: int, height: int, width: int) -> Window:
    """The window that (g̃_y, g̃_x, log σ², log δ̃, log γ) describe; with all of them 0 it covers the picture.

        g_y = (h + 1)/2 · (g̃_y + 1) - 1,   g_x = (w + 1)/2 · (g̃_x + 1) - 1,   δ = (max(h, w) - 1)/(N - 1) · δ̃

    The paper counts pixels from 1. Logarithms beyond ±7 count as ±7. A single filter has no δ, which is 1 there.

    Source: Gregor, Danihelka, Graves, Rezende, Wierstra 2015, DRAW, section 3.2.

    Args:
        filters: N, in each direction.
    """
    place, logarithm = parameters.split([2, PARAMETERS - 2], 1)
    half = torch.tensor([height + 1, width + 1], device=parameters.device) / 2
    y, x = (half * (place + 1) - 1).unbind(1)
    variance, stride, intensity = logarithm.clamp(-MOST, MOST).exp().unbind(1)
    stride = stride * (max(height, width) - 1) / (filters - 1) if filters > 1 else torch.ones_like(stride)
    return Window(y, x, stride, variance.sqrt(), intensity)


def filter_bank(
    middle: Float[Tensor, " b"], stride: Float[Tensor, " b"], deviation: Float[Tensor, " b"], filters: int, size: int
) -> Float[Tensor, "b n size"]:
    """N filters along one axis of a picture, each of which sums to 1:

        F[i, a] = exp(-(a - μ_i)²/(2σ²)) / Σ_a …,   μ_i = g + (i - N/2 + 1/2) δ,   i = 0 … N - 1

    The quotient is a softmax, which has a value for filters beyond the picture too, where each term is 0 in floating point.

    Source: Gregor et al. 2015, section 3.2, there with i and a from 1.
    """
    offset = torch.arange(filters, device=middle.device) - (filters - 1) / 2
    mean = middle[:, None] + offset * stride[:, None]
    distance = (torch.arange(size, device=middle.device) - mean[..., None]) / deviation[:, None, None]
    return (distance.square() * -0.5).softmax(2)


def banks(at: Window, filters: int, height: int, width: int) -> tuple[Float[Tensor, "b n h"], Float[Tensor, "b n w"]]:
    """F_y and F_x of a window; of a square picture both in one go, which is faster."""
    if height == width:
        stride, deviation = at.stride.repeat(2), at.deviation.repeat(2)
        rows, columns = filter_bank(torch.cat([at.y, at.x]), stride, deviation, filters, height).chunk(2)
        return rows, columns
    return (
        filter_bank(at.y, at.stride, at.deviation, filters, height),
        filter_bank(at.x, at.stride, at.deviation, filters, width),
    )


def read(image: Float[Tensor, "b c h w"], at: Window, filters: int) -> Float[Tensor, "b c n n"]:
    """γ F_y x F_xᵀ of each channel (Gregor et al. 2015, section 3.3)."""
    rows, columns = banks(at, filters, *image.shape[2:])
    return at.intensity[:, None, None, None] * (rows[:, None] @ image @ columns[:, None].mT)


def write(patch: Float[Tensor, "b n n"], at: Window, height: int, width: int) -> Float[Tensor, "b h w"]:
    """F_yᵀ w F_x / γ: a patch of N×N numbers as a picture (Gregor et al. 2015, section 3.3)."""
    rows, columns = banks(at, patch.shape[1], height, width)
    return rows.mT @ patch @ columns / at.intensity[:, None, None]
