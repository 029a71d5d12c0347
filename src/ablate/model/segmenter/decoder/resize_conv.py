"""Resize-convolution: interpolate first, then convolve."""

from collections.abc import Sequence

from torch import nn

from ablate.errors import check_choice
from ablate.model.segmenter.block import check_odd
from ablate.model.segmenter.decoder.base import LevelDecoder, level_block

MODES = ("nearest", "bilinear")


def resize_conv(
    channels: Sequence[int],
    *,
    mode: str = "nearest",
    kernel: int = 3,
    skip: str = "none",
    norm: str = "batch",
    conv_kernel: int = 3,
) -> LevelDecoder:
    """out = conv(interpolate(in)) at each level: every output pixel is reached by the same weights (Odena et al. 2016)."""
    check_choice("mode", mode, MODES)
    check_odd("kernel", kernel)

    def upsample(c: int) -> nn.Module:
        convolution = nn.Conv2d(c, c, kernel, padding=kernel // 2, bias=False)  # the block that follows has the bias
        return nn.Sequential(nn.Upsample(scale_factor=2, mode=mode), convolution)

    return LevelDecoder(channels, upsample, level_block(conv_kernel, norm), skip)
