"""Sub-pixel convolution: four channels become the four pixels of a 2×2 block."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from ablate.model.segmenter.block import Norm
from ablate.model.segmenter.decoder.base import LevelDecoder, Skip, level_block
from ablate.schema.options import Odd, checked

Init = Literal["default", "icnr"]


class PixelShuffle(nn.Sequential):
    """out[c, 2y + i, 2x + j] = (W * in)[4c + 2i + j, y, x]: (n, c, h, w) -> (n, c, 2h, 2w) (Shi et al. 2016, section 3.2).

    No bias: the block that follows has it.

    Args:
        init: default (torch's), or icnr: the four filters of an output channel start equal, so that the first output is a
            nearest-neighbour upsampling (Aitken et al. 2017, Checkerboard artifact free sub-pixel convolution).
    """

    @checked
    def __init__(self, channels: int, kernel: Odd = 3, init: Init = "default") -> None:
        convolution = nn.Conv2d(channels, 4 * channels, kernel, padding=kernel // 2, bias=False)
        super().__init__(convolution, nn.PixelShuffle(2))
        if init == "icnr":
            with torch.no_grad():
                convolution.weight.copy_(convolution.weight[::4].repeat_interleave(4, 0))


@checked
def pixel_shuffle(
    channels: Sequence[int],
    bottom: int,
    *,
    kernel: Odd = 3,
    init: Init = "default",
    skip: Skip = "none",
    norm: Norm = "batch",
    conv_kernel: Odd = 3,
) -> LevelDecoder:
    """A sub-pixel convolution at each level."""
    return LevelDecoder(channels, bottom, lambda c, _: PixelShuffle(c, kernel, init), level_block(conv_kernel, norm), skip)
