"""Levels of convolutions, each halved: the contracting half of SegNet-Basic or a U-Net, at any width and depth."""

from itertools import pairwise
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.base import Features
from ablate.model.segmenter.block import Norm, conv_block
from ablate.model.segmenter.checkpointing import Staged
from ablate.model.segmenter.max_pool import MaxPool, crop, pad_to_multiple
from ablate.schema.options import MANY, Layers, Odd, Positive, Range, Repeats, Width, checked

MOST_CHANNELS = 2**13  # a convolution between two such levels has 600 million weights
Downsample = Literal["max_pool", "avg_pool", "overlapping_max_pool", "strided_conv"]
DownsampleKernel = Annotated[int, Range(2, MANY)]  # 1 would drop three of four pixels


class SmallEncoder(Staged):
    """`depth` levels of `convs` times conv-norm-ReLU, each followed by a downsampling by 2 that rounds sizes up.

    Level i has width·growthⁱ channels; growth 1 is SegNet-Basic's constant width (Badrinarayanan et al. 2017, section 3.3),
    growth 2 VGG's (Simonyan & Zisserman 2015). A picture of 1×1 is the smallest.

    Attributes:
        channels: of each level, fine to coarse.
        bottom_channels: of what comes after the last level.
        has_offsets: whether the positions of the maxima come with the features: with max pooling.

    Args:
        downsample: max_pool, over 2×2 and with the positions of its maxima for a decoder; avg_pool, over 2×2; overlapping_max_pool,
            over 3×3 with stride 2 (Krizhevsky et al. 2012, section 3.4); or strided_conv.
        downsample_kernel: of strided_conv, at least 2.
        bottleneck: how many times conv-norm-ReLU after the last downsampling, where context is cheapest (Ronneberger et
            al. 2015, figure 1, has 2); 0 for none, as SegNet.
        bottleneck_growth: channels of the bottleneck, as a multiple of the last level's; U-Net's is 2.
        response_norm: whether each channel of the picture is first divided by (1 + 1e-4 · mean of the squares of five
            neighbours)^.75, as the released SegNet-Basic does (Krizhevsky et al. 2012, section 3.3).
    """

    @checked
    def __init__(
        self,
        in_channels: Width = 3,
        width: Width = 16,
        depth: Layers = 3,
        growth: Positive = 2,
        convs: Layers = 1,
        kernel: Odd = 3,
        downsample: Downsample = "max_pool",
        downsample_kernel: DownsampleKernel = 2,
        bottleneck: Repeats = 2,
        norm: Norm = "batch",
        bottleneck_growth: Positive = 1,
        response_norm: bool = False,
    ) -> None:
        super().__init__()
        if downsample != "strided_conv" and downsample_kernel != 2:
            hint = f"needs `downsample`=strided_conv; with {downsample} leave it at 2"
            raise BadInput(f"`downsample_kernel`={downsample_kernel} {hint}")
        if (most := width * growth ** (depth - 1)) > MOST_CHANNELS:
            raise BadInput(f"`depth`={depth} makes {most:,} channels by `growth`={growth}: more than {MOST_CHANNELS:,}")
        self.in_channels = in_channels
        self.has_offsets = downsample == "max_pool"
        self.channels = tuple(width * growth**i for i in range(depth))
        self.levels = nn.ModuleList()
        self.downsamplings = nn.ModuleList()
        for before, channels in zip((in_channels, *self.channels), self.channels):
            inputs = (before,) + (channels,) * (convs - 1)
            self.levels.append(nn.Sequential(*(conv_block(c, channels, kernel=kernel, norm=norm) for c in inputs)))
            self.downsamplings.append(_downsampling(downsample, channels, downsample_kernel, norm))
        ends = (channels,) + (channels * bottleneck_growth,) * bottleneck
        self.bottleneck = nn.Sequential(*(conv_block(a, b, kernel=kernel, norm=norm) for a, b in pairwise(ends)))
        self.bottom_channels = ends[-1]
        self.response_norm = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0) if response_norm else nn.Identity()

    def forward(self, image: Float[Tensor, "n c h w"]) -> Features:
        if image.shape[1] != self.in_channels:
            raise BadInput(f"`encoder.in_channels`={self.in_channels}, but pictures have {image.shape[1]} channels")
        maps, pooled, offsets = [], [], []
        x = self.response_norm(image)
        for level, downsampling in zip(self.levels, self.downsamplings):
            maps.append(self.run(level, x))
            x, offset = downsampling(maps[-1])
            pooled.append(x)
            offsets.append(offset)
        return Features(tuple(maps), tuple(pooled), self.bottleneck(x), tuple(offsets))


class WithoutOffsets(nn.Module):
    """A module that rounds sizes up while halving them, (n, c, h, w) -> (n, c, ⌈h/2⌉, ⌈w/2⌉); no offsets."""

    def __init__(self, halve: nn.Module) -> None:
        super().__init__()
        self.halve = halve

    def forward(self, x: Float[Tensor, "n c h w"]) -> tuple[Float[Tensor, "n c h2 w2"], None]:
        return self.halve(x), None


class StridedConv(nn.Module):
    """conv-norm-ReLU with stride 2, (n, c, h, w) -> (n, c, ⌈h/2⌉, ⌈w/2⌉), for any kernel from 2 on; no offsets."""

    def __init__(self, channels: int, kernel: int, norm: Norm) -> None:
        super().__init__()
        self.block = conv_block(channels, channels, kernel=kernel, norm=norm, stride=2)

    def forward(self, x: Float[Tensor, "n c h w"]) -> tuple[Float[Tensor, "n c h2 w2"], None]:
        if torch.compiler.is_exporting():  # one more line of zeros, also where the size is even: what comes of it is cropped
            return crop(self.block(F.pad(x, (0, 1, 0, 1))), [(n + 1) // 2 for n in x.shape[2:]]), None
        return self.block(pad_to_multiple(x, 2, 0.0)), None


def _downsampling(kind: Downsample, channels: int, kernel: int, norm: Norm) -> nn.Module:
    if kind == "strided_conv":
        return StridedConv(channels, kernel, norm)
    if kind == "avg_pool":
        return WithoutOffsets(nn.AvgPool2d(2, ceil_mode=True))
    return MaxPool() if kind == "max_pool" else WithoutOffsets(nn.MaxPool2d(3, 2, padding=1))
