"""What an encoder hands to a decoder, and what a segmenter is.

Letters: n batch, c channels, k classes, h and w of a level or a picture.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn


class Features(NamedTuple):
    """An encoder's output, fine to coarse.

    `maps[i]`, (n, c_i, h_i, w_i), is level i before it is downsampled; its size is the one that a
    decoder returns to. `pooled[i]`, (n, c_i, ⌈h_i/2⌉, ⌈w_i/2⌉), is level i after it was downsampled: the
    pool1 to pool5 of the papers. `bottom`, (n, c_bottom, h, w), is what the encoder made of the last of them.
    `offsets[i]` is uint8 of the size of `pooled[i]`: where in its 2×2 window each maximum of maps[i] was,
    0 1 / 2 3; None where level i is not downsampled by max pooling.
    """

    maps: tuple[Tensor, ...]
    pooled: tuple[Tensor, ...]
    bottom: Tensor
    offsets: tuple[Tensor | None, ...]


class Segmenter(nn.Module, ABC):
    """A map of logits for a picture of any size, at that size."""

    @abstractmethod
    def forward(self, image: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h w"]:
        """Logits of each pixel."""
