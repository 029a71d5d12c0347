"""Sub-pixel convolution: four channels become the four pixels of a 2×2 block."""

from collections.abc import Sequence

import torch
from torch import nn

from ablate.errors import check_choice
from ablate.model.segmenter.block import check_odd
from ablate.model.segmenter.decoder.base import LevelDecoder, level_block

INITS = ("default", "icnr")


class PixelShuffle(nn.Sequential):
    """out[c, 2y + i, 2x + j] = (W * in)[4c + 2i + j, y, x]: (n, c, h, w) -> (n, c, 2h, 2w) (Shi et al. 2016, section 3.2).

    No bias: the block that follows has it.

    Args:
        init: default (torch's), or icnr: the four filters of an output channel start equal, so that the first output is a
            nearest-neighbour upsampling (Aitken et al. 2017, Checkerboard artifact free sub-pixel convolution).
    """

    def __init__(self, channels: int, kernel: int = 3, init: str = "default") -> None:
        check_choice("init", init, INITS)
        check_odd("kernel", kernel)
        convolution = nn.Conv2d(channels, 4 * channels, kernel, padding=kernel // 2, bias=False)
        super().__init__(convolution, nn.PixelShuffle(2))
        if init == "icnr":
            with torch.no_grad():
                convolution.weight.copy_(convolution.weight[::4].repeat_interleave(4, 0))


def pixel_shuffle(
    channels: Sequence[int],
    *,
    kernel: int = 3,
    init: str = "default",
    skip: str = "none",
    norm: str = "batch",
    conv_kernel: int = 3,
) -> LevelDecoder:
    """A sub-pixel convolution at each level."""
    return LevelDecoder(channels, lambda c: PixelShuffle(c, kernel, init), level_block(conv_kernel, norm), skip)
