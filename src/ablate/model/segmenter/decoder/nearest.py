"""Nearest-neighbour upsampling: every value repeated over 2×2."""

from collections.abc import Sequence

from torch import nn

from ablate.model.segmenter.block import Norm
from ablate.model.segmenter.decoder.base import LevelDecoder, Skip, level_block
from ablate.schema.options import Odd, checked


@checked
def nearest(
    channels: Sequence[int], bottom: int, *, skip: Skip = "none", norm: Norm = "batch", conv_kernel: Odd = 3
) -> LevelDecoder:
    """out[y, x] = in[⌊y/2⌋, ⌊x/2⌋] at each level; no weights."""
    return LevelDecoder(channels, bottom, lambda *_: nn.Upsample(scale_factor=2), level_block(conv_kernel, norm), skip)
