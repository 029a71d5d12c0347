"""Bilinear upsampling between pixel centres, of feature maps or of class scores."""

from collections.abc import Sequence
from functools import partial

from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.segmenter.base import Features
from ablate.model.segmenter.block import Norm
from ablate.model.segmenter.decoder.base import Decoder, LevelDecoder, Skip, level_block
from ablate.schema.options import Odd, checked


@checked
def bilinear(
    channels: Sequence[int], bottom: int, *, skip: Skip = "none", norm: Norm = "batch", conv_kernel: Odd = 3
) -> LevelDecoder:
    """out[y] = ¾ in[⌊y/2⌋] + ¼ of its neighbour on y's side, in both directions, at each level; no weights."""
    block = level_block(conv_kernel, norm)
    return LevelDecoder(channels, bottom, lambda *_: nn.Upsample(scale_factor=2, mode="bilinear"), block, skip)


class Bottom(Decoder):
    """Returns the encoder's bottom map; the model interpolates its class scores."""

    def __init__(self, channels: Sequence[int], bottom: int) -> None:
        super().__init__()
        self.out_channels, self.stride, self.upsamplings = bottom, 2 ** len(channels), nn.ModuleList()

    def forward(self, features: Features) -> Float[Tensor, "n c h w"]:
        return features.bottom


@checked
def bilinear_fixed(channels: Sequence[int], bottom: int, *, skip: Skip = "none") -> Decoder:
    """FCN-32s with fixed weights (Long et al. 2015, section 4.2), and the "bilinear" of SegNet's table 1.

    With a skip each level is interpolated by 2, joined with the encoder's map and projected by a 1×1 convolution, without
    norm or ReLU: FCN-16s and FCN-8s, taken to the finest level.
    """
    if skip == "none":
        return Bottom(channels, bottom)
    upsample = partial(nn.Upsample, scale_factor=2, mode="bilinear")
    return LevelDecoder(channels, bottom, lambda *_: upsample(), lambda before, after, _: nn.Conv2d(before, after, 1), skip)
