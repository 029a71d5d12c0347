"""The pixels of generated scenes: tensor operations on a whole batch, on whichever device it is.

A picture has the same bits whatever its batch and device, because every operation on pixels is exact or correctly
rounded (+ - * abs sqrt min max floor where, integers). It therefore uses no sin, exp, pow, lerp, addcmul, alpha=, matmul or
sum, and divides by powers of two only (CUDA multiplies by the reciprocal of a scalar).

Letters: b pictures, n objects of all pictures, h and w of a window or of the picture.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Int32
from torch import Tensor

from ablate.data.scene.shapes import DISTANCE, Shape
from ablate.data.scene.texture import Texture, paint

NOISE_LEVELS = 1024


class Backdrop(NamedTuple):
    """Ground, light and noise of a picture; lengths in pixels."""

    texture: Texture
    light: Float[Tensor, " b"]  # at the outer corner of the top-left pixel, without the spot
    slope: Float[Tensor, "b 2"]  # y, x: light gained a pixel
    spot: Float[Tensor, "b 2"]  # y, x
    spot_scale: Float[Tensor, " b"]  # 1 / radius
    spot_light: Float[Tensor, " b"]  # gained in its middle
    noise_key: Int32[Tensor, " b"]


class Objects(NamedTuple):
    """The objects of all pictures, layer by layer: first the lowest of each picture, then those over them."""

    picture: Int[Tensor, " n"]
    label: Int[Tensor, " n"]
    corner: Int[Tensor, "n 2"]  # y, x of the first pixel of the window that holds the object
    centre: Float[Tensor, "n 2"]  # y, x
    turn: Float[Tensor, "n 2"]  # cosine and sine of the angle
    radius: Float[Tensor, " n"]
    stroke: Float[Tensor, " n"]
    texture: Texture
    of_shape: dict[Shape, Int[Tensor, " some"]]  # shape -> which objects have it
    layer_sizes: list[int]


def render(
    backdrop: Backdrop, objects: Objects, size: tuple[int, int], window: tuple[int, int], noise: float
) -> tuple[Float[Tensor, "b 3 h w"], Int[Tensor, "b h w"]]:
    """Pictures in [0, 1]; labels of the topmost object that covers more than half of a pixel, 0 where none does.

    `window` is large enough for every object and not larger than `size`. `noise` is the standard deviation of
    the pixel noise, before the picture is clamped to [0, 1].
    """
    y, x = _pixel_centres(size, backdrop.light.device)
    canvas = paint(backdrop.texture, y, x)
    label = _paint_objects(objects, canvas, window)
    image = canvas.mul_(_light(backdrop, y, x)).transpose(0, 1).contiguous()
    if noise:
        level = noise / ((NOISE_LEVELS**2 - 1) / 12) ** 0.5
        image += uniform_levels(backdrop.noise_key, size).sub_((NOISE_LEVELS - 1) / 2).mul_(level)
    return image.clamp_(0, 1), label


def uniform_levels(key: Int32[Tensor, " b"], size: tuple[int, int]) -> Float[Tensor, "b 3 h w"]:
    """Whole numbers, uniform over 0 ... 1023: three fields of ten bits from a hash of key + pixel number.

    The hash is lowbias32, two rounds of xor-shift and multiply (C. Wellons, Prospecting for Hash Functions, 2018).
    int32 wraps around; its right shift repeats the sign bit, hence the masks.
    """
    pixel = torch.arange(size[0] * size[1], dtype=torch.int32, device=key.device)
    x = key[:, None] + pixel
    x ^= (x >> 16).bitwise_and_(0xFFFF)
    x *= 0x7FEB352D
    x ^= (x >> 15).bitwise_and_(0x1FFFF)
    x *= 0x846CA68B - 2**32
    x ^= (x >> 16).bitwise_and_(0xFFFF)
    first_bit = 1 << torch.arange(0, 30, 10, dtype=torch.int32, device=key.device)[:, None]
    fields = x[:, None] & (first_bit * (NOISE_LEVELS - 1))
    return fields.to(torch.float32).mul_(1 / first_bit).view(-1, 3, *size)


def _pixel_centres(size: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    y, x = (torch.arange(n, dtype=torch.float32, device=device) + 0.5 for n in size)
    return y[None, :, None], x[None, None, :]


def _light(backdrop: Backdrop, y: Tensor, x: Tensor) -> Tensor:
    """A plane, and a spot that falls off as (1 - r²)² from its middle to its radius."""
    slope_y, slope_x = backdrop.slope[..., None, None].unbind(1)
    spot_y, spot_x = backdrop.spot[..., None, None].unbind(1)
    light, scale, strength = (value[:, None, None] for value in (backdrop.light, backdrop.spot_scale, backdrop.spot_light))
    dy, dx = (y - spot_y) * scale, (x - spot_x) * scale
    spot = ((1 - dy * dy) - dx * dx).clamp_(min=0)
    return spot.mul_(spot).mul_(strength).add_(y * slope_y + (x * slope_x + light))


def _paint_objects(objects: Objects, canvas: Float[Tensor, "3 b h w"], window: tuple[int, int]) -> Int[Tensor, "b h w"]:
    """Paint the objects on the canvas, in place, from the lowest layer to the topmost; return the labels."""
    label = torch.zeros_like(canvas[0], dtype=torch.long)
    y, x = _pixel_centres(window, canvas.device)
    corner, centre = objects.corner[..., None, None], objects.centre[..., None, None]
    y, x = (y + corner[:, 0]) - centre[:, 0], (x + corner[:, 1]) - centre[:, 1]
    colours = paint(objects.texture, y, x).flatten(2)
    coverage = (0.5 - _distance(objects, y, x)).clamp_(0, 1).flatten(1)
    pixels = _pixel_indices(objects, canvas.shape[2:], window)
    layers = (part.split(objects.layer_sizes, -2) for part in (colours, coverage, pixels))
    labels = objects.label[:, None].split(objects.layer_sizes)
    for layer in zip(*layers, labels):
        _paint_layer(canvas.view(3, -1), label.view(-1), *layer)
    return label


def _paint_layer(canvas: Tensor, label: Tensor, colours: Tensor, coverage: Tensor, pixels: Tensor, new: Tensor) -> None:
    """Paint at most one object in each picture, so that no pixel occurs twice."""
    pixels = pixels.flatten()
    below = canvas.index_select(1, pixels).view_as(colours)
    canvas.scatter_(1, pixels.expand(3, -1), (colours - below).mul_(coverage).add_(below).flatten(1))
    new = torch.where(coverage > 0.5, new, label.gather(0, pixels).view_as(coverage))
    label.scatter_(0, pixels, new.flatten())


def _pixel_indices(objects: Objects, size: torch.Size, window: tuple[int, int]) -> Int[Tensor, "n hw"]:
    """The index of each window's pixels in the flattened canvas."""
    rows, columns = (torch.arange(n, device=objects.picture.device) for n in window)
    start = (objects.picture * size[0] + objects.corner[:, 0]) * size[1] + objects.corner[:, 1]
    return ((start[:, None] + rows * size[1])[..., None] + columns).flatten(1)


def _distance(objects: Objects, y: Float[Tensor, "n h 1"], x: Float[Tensor, "n 1 w"]) -> Float[Tensor, "n h w"]:
    """Signed distance to the object's edge at (y, x) from its centre."""
    cos, sin = objects.turn[..., None, None].unbind(1)
    u, v = x * cos - y * sin, x * -sin - y * cos
    radius, stroke = objects.radius[:, None, None], objects.stroke[:, None, None]
    distance = torch.empty_like(u)
    for shape, which in objects.of_shape.items():
        shaped = (values.index_select(0, which) for values in (u, v, radius, stroke))
        distance.index_copy_(0, which, DISTANCE[shape](*shaped))
    return distance
