"""Inference from crops: scores of many windows of a picture, put together by their maximum at each pixel.

Letters: n batch, c channels, k classes, h and w of a picture.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Annotated, Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ablate.schema.options import SOME, Positive, Probability, ProperFraction, checked

Shares = Annotated[Sequence[Probability], SOME]
Together = Literal["maximum", "mean"]


class Window(NamedTuple):
    """A part of a picture, in whole pixels."""

    top: int
    left: int
    height: int
    width: int


class Windows:
    """scores(y, x) = the maximum over the windows i that hold the pixel of s_i(y, x), s_i the network's scores of window i.

    Each window is resized to the picture's size, as the paper resizes each proposal to the input of its network, and its scores
    are resized back. In Noh et al. 2015, section 5.1, windows are the 50 best object proposals by edge boxes, of 2000; here they
    are a regular grid at several sizes, which asks for no detector. The paper counts scores outside a window as 0, which only
    differs where all scores of a pixel are negative; here such pixels are left out, and every pixel lies in a window.

    Args:
        shares: the sides of the windows, as shares of the picture's: 1 is the whole picture.
        overlap: the least share of a window's side that neighbours have in common.
        together: maximum, as in the paper; or mean over the windows, which it names beside that.
        batch_size: how many windows the network sees at once.
    """

    @checked
    def __init__(
        self, shares: Shares = (1.0, 0.5), overlap: ProperFraction = 0.5, together: Together = "maximum", batch_size: Positive = 16
    ) -> None:
        self.shares, self.overlap, self.together, self.batch_size = tuple(shares), overlap, together, batch_size

    def __call__(self, network: Callable[[Tensor], Tensor], image: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h w"]:
        """The scores of a batch of pictures, each of `network`'s for windows that are as large as the pictures."""
        height, width = image.shape[2:]
        size = (height, width)
        windows = [window for share in self.shares for window in self.grid(share, size)]
        per_pass = max(1, self.batch_size // len(image))
        scores = count = None
        for start in range(0, len(windows), per_pass):
            some = windows[start : start + per_pass]
            found = network(torch.cat([_resized(_part(image, window), size) for window in some])).float()
            if scores is None:
                scores = found.new_full((len(image), *found.shape[1:]), -torch.inf if self.together == "maximum" else 0.0)
                count = found.new_zeros(size)
            for window, own in zip(some, found.split(len(image))):
                self._add(_part(scores, window), _resized(own, (window.height, window.width)))
                _part(count, window).add_(1)
        return scores if self.together == "maximum" else scores / count

    def grid(self, share: float, size: tuple[int, int]) -> list[Window]:
        """Windows of one size at equal distances, rounded to whole pixels, from border to border, row by row."""
        height, width = (max(1, round(share * side)) for side in size)
        rows, columns = (self._starts(side, length) for side, length in zip(size, (height, width)))
        return [Window(top, left, height, width) for top in rows for left in columns]

    def _starts(self, side: int, length: int) -> list[int]:
        step = max(1.0, length * (1 - self.overlap))
        gaps = ceil((side - length) / step - 1e-9)
        return [round(i * (side - length) / gaps) for i in range(gaps + 1)] if gaps else [0]

    def _add(self, scores: Tensor, own: Tensor) -> None:
        scores.copy_(scores.maximum(own)) if self.together == "maximum" else scores.add_(own)


def _part(x: Tensor, window: Window) -> Tensor:
    """A view of the window's pixels."""
    return x[..., window.top : window.top + window.height, window.left : window.left + window.width]


def _resized(x: Float[Tensor, "n c h w"], size: tuple[int, int]) -> Float[Tensor, "n c i j"]:
    return x if tuple(x.shape[2:]) == size else F.interpolate(x, size, mode="bilinear", antialias=True)
