"""Nearest-neighbour upsampling: every value repeated over 2×2."""

from collections.abc import Sequence

from torch import nn

from ablate.model.segmenter.decoder.base import LevelDecoder, level_block


def nearest(channels: Sequence[int], *, skip: str = "none", norm: str = "batch", conv_kernel: int = 3) -> LevelDecoder:
    """out[y, x] = in[⌊y/2⌋, ⌊x/2⌋] at each level; no weights."""
    return LevelDecoder(channels, lambda c: nn.Upsample(scale_factor=2), level_block(conv_kernel, norm), skip)
