"""DeconvNet: unpooling, then stride-1 transposed convolutions, mirroring the encoder."""

from collections.abc import Sequence
from functools import partial

from torch import nn

from ablate.errors import check_positive
from ablate.model.segmenter.block import check_odd, conv_block
from ablate.model.segmenter.decoder.base import LevelDecoder
from ablate.model.segmenter.decoder.max_unpool import MaxUnpool


def deconvnet(
    channels: Sequence[int], *, convs: int = 1, skip: str = "none", norm: str = "batch", conv_kernel: int = 3
) -> LevelDecoder:
    """At each level max unpooling, then `convs` times transposed-conv-norm-ReLU (Noh et al. 2015, section 3.2).

    A transposed convolution with stride 1 is a convolution with the kernel turned by 180°, so this decoder differs from
    max_unpool only in its depth. With the `convs` of the encoder it mirrors the encoder: the last convolution of a level changes
    the number of channels, as the first one does there.
    """
    check_positive("convs", convs)
    check_odd("conv_kernel", conv_kernel)
    deconv = partial(conv_block, kernel=conv_kernel, norm=norm, conv=nn.ConvTranspose2d)

    def block(before: int, after: int) -> nn.Sequential:
        outputs = (before,) * (convs - 1) + (after,)
        return nn.Sequential(*(deconv(before, out) for out in outputs))

    return LevelDecoder(channels, lambda c: MaxUnpool(), block, skip, needs_offsets=True)
