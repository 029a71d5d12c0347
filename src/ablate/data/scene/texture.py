"""Surfaces: two crossed zigzag waves between two colours. Letters: n surfaces, h and w pixels of each."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Texture(NamedTuple):
    """Stripes, checks or ripples, depending on the numbers.

    With z(t) = |t - floor(t) - 1/2|, a zigzag of period 1 between 0 and 1/2, and p = (y, x) in pixels:

        second = z(frequency_1 . p + phase_1)
        first  = z(frequency_0 . p + phase_0 + bend * second)
        amount = clamp((first + mix * second - mean) * gain + 1/2, 0, 1)
        pixel  = colour + amount * (accent - colour)

    A small gain makes ramps, a large one edges.
    """

    frequency: Float[Tensor, "n 2 2"]  # wave, (y, x); cycles a pixel
    phase: Float[Tensor, "n 2"]  # wave; cycles
    bend: Float[Tensor, " n"]
    mix: Float[Tensor, " n"]
    gain: Float[Tensor, " n"]
    colour: Float[Tensor, "n 3"]
    accent: Float[Tensor, "n 3"]


def paint(texture: Texture, y: Float[Tensor, "#n h 1"], x: Float[Tensor, "#n 1 w"]) -> Float[Tensor, "3 n h w"]:
    """The colours at rows `y` and columns `x`, counted from the texture's origin in pixels."""
    bend, mix, gain = (value[:, None, None] for value in (texture.bend, texture.mix, texture.gain))
    second = _zigzag_(_cycles(texture, 1, y, x))
    first = _zigzag_(_cycles(texture, 0, y, x).add_(second * bend))
    mean = 0.25 + 0.25 * mix
    amount = second.mul_(mix).add_(first).sub_(mean).mul_(gain).add_(0.5).clamp_(0, 1)
    colour, accent = (rgb.T.contiguous()[..., None, None] for rgb in (texture.colour, texture.accent))
    return (amount * (accent - colour)).add_(colour)


def _cycles(texture: Texture, wave: int, y: Tensor, x: Tensor) -> Tensor:
    along_y, along_x = texture.frequency[:, wave, :, None, None].unbind(1)
    return y * along_y + (x * along_x + texture.phase[:, wave, None, None])


def _zigzag_(cycles: Tensor) -> Tensor:
    return cycles.sub_(cycles.floor()).sub_(0.5).abs_()
