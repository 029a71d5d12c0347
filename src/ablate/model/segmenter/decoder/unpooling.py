"""Unpooling: each value is put at one pixel of a 2×2 window of zeros, the first one or that of the encoder's maximum."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from ablate.model.segmenter.block import Norm
from ablate.model.segmenter.decoder.base import Convs, LevelDecoder, Skip, check_levels, level_block
from ablate.model.segmenter.max_pool import max_unpool as unpool
from ablate.schema.options import Odd, checked


class BedOfNails(nn.Module):
    """out[2y, 2x] = in[y, x], else 0: (n, c, h, w) -> (n, c, 2h, 2w)."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        h, w = x.shape[2:]
        return unpool(x, torch.zeros_like(x, dtype=torch.uint8), 2, (2 * h, 2 * w))


@checked
def bed_of_nails(
    channels: Sequence[int], bottom: int, *, skip: Skip = "none", norm: Norm = "batch", conv_kernel: Odd = 3
) -> LevelDecoder:
    """Zeros between the values at each level: a transposed convolution without the convolution."""
    return LevelDecoder(channels, bottom, lambda *_: BedOfNails(), level_block(conv_kernel, norm), skip)


class MaxUnpool(nn.Module):
    """out[2y + i, 2x + j] = in[y, x] if offset[y, x] = 2i + j, else 0: (n, c, h, w) -> (n, c, 2h, 2w)."""

    def forward(self, x: Float[Tensor, "n c h w"], offset: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        h, w = x.shape[2:]
        return unpool(x, offset, 2, (2 * h, 2 * w))


@checked
def max_unpool(
    channels: Sequence[int],
    bottom: int,
    *,
    skip: Skip = "none",
    norm: Norm = "batch",
    conv_kernel: Odd = 3,
    convs: Convs = 1,
    relu: bool = True,
    mix: bool = True,
) -> LevelDecoder:
    """Values back to where the encoder's maxima were, at each level (Badrinarayanan et al. 2017, section 3.1).

    Args:
        convs: after each unpooling; or for each level, fine to coarse: SegNet has (1, 2, 3, 3, 3).
        relu: false in SegNet-Basic (section 3.3 there).
        mix: false: one filter a channel, SegNet-Basic-SingleChannelDecoder.
    """
    check_levels(convs, channels)
    block = level_block(conv_kernel, norm, convs, narrow_first=False, relu=relu, mix=mix)
    return LevelDecoder(channels, bottom, lambda *_: MaxUnpool(), block, skip, needs_offsets=True)


@checked
def deconvnet(
    channels: Sequence[int],
    bottom: int,
    *,
    convs: Convs = 1,
    skip: Skip = "none",
    norm: Norm = "batch",
    conv_kernel: Odd = 3,
) -> LevelDecoder:
    """At each level max unpooling, then `convs` times transposed-conv-norm-ReLU (Noh et al. 2015, section 3.2).

    A transposed convolution with stride 1 is a convolution with the kernel turned by 180°, so this decoder differs from
    max_unpool only in its depth. With the `convs` of the encoder it mirrors the encoder: the last convolution of a level changes
    the number of channels, as the first one does there.
    """
    check_levels(convs, channels)
    block = level_block(conv_kernel, norm, convs, conv=nn.ConvTranspose2d, narrow_first=False)
    return LevelDecoder(channels, bottom, lambda *_: MaxUnpool(), block, skip, needs_offsets=True)
