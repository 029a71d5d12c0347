"""Bilinear upsampling between pixel centres."""

from collections.abc import Sequence

from torch import nn

from ablate.model.segmenter.decoder.base import LevelDecoder, level_block


def bilinear(channels: Sequence[int], *, skip: str = "none", norm: str = "batch", conv_kernel: int = 3) -> LevelDecoder:
    """out[y] = ¾ in[⌊y/2⌋] + ¼ of its neighbour on y's side, in both directions, at each level; no weights."""
    block = level_block(conv_kernel, norm)
    return LevelDecoder(channels, lambda c: nn.Upsample(scale_factor=2, mode="bilinear"), block, skip)
