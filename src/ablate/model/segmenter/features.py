"""What an encoder hands to a decoder. Letters: n batch, c channels, h and w of a level."""

from typing import NamedTuple

from torch import Tensor


class Features(NamedTuple):
    """An encoder's output, fine to coarse.

    `maps[i]`, (n, c_i, h_i, w_i), is level i before it is downsampled; its size is the one that a
    decoder returns to. `bottom`, (n, c_last, h, w), is what the last downsampling left. `offsets[i]`
    is uint8 of the size of the next level: where in its 2×2 window each maximum of maps[i] was,
    0 1 / 2 3; None where level i is not downsampled by max pooling.
    """

    maps: tuple[Tensor, ...]
    bottom: Tensor
    offsets: tuple[Tensor | None, ...]
