"""Resize-convolution: interpolate first, then convolve."""

from collections.abc import Sequence
from typing import Literal

from torch import nn

from ablate.model.segmenter.block import Norm
from ablate.model.segmenter.decoder.base import LevelDecoder, Skip, level_block
from ablate.schema.options import Odd, checked


@checked
def resize_conv(
    channels: Sequence[int],
    bottom: int,
    *,
    mode: Literal["nearest", "bilinear"] = "nearest",
    kernel: Odd = 3,
    skip: Skip = "none",
    norm: Norm = "batch",
    conv_kernel: Odd = 3,
) -> LevelDecoder:
    """out = conv(interpolate(in)) at each level: every output pixel is reached by the same weights (Odena et al. 2016)."""

    def upsample(c: int, _: int) -> nn.Module:
        convolution = nn.Conv2d(c, c, kernel, padding=kernel // 2, bias=False)  # the block that follows has the bias
        return nn.Sequential(nn.Upsample(scale_factor=2, mode=mode), convolution)

    return LevelDecoder(channels, bottom, upsample, level_block(conv_kernel, norm), skip)
