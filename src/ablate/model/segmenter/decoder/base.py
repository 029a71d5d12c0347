"""The base class of decoders, and the decoder that goes from the coarsest level to the finest."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.segmenter.base import Features
from ablate.model.segmenter.block import Norm, conv_block
from ablate.model.segmenter.max_pool import crop
from ablate.schema.options import checked

Skip = Literal["none", "add", "concat"]


class Decoder(nn.Module, ABC):
    """Computes one map from an encoder's features.

    Attributes:
        out_channels: channels of the map.
        stride: the map is of the size ⌈h/stride⌉×⌈w/stride⌉ for a picture of h×w, a power of two.
        needs_offsets: whether it needs an encoder with max pooling.
        upsamplings: the layers that double height and width, fine to coarse; empty if it has none.
    """

    out_channels: int
    stride: int = 1
    needs_offsets: bool = False
    upsamplings: nn.ModuleList

    @abstractmethod
    def forward(self, features: Features) -> Float[Tensor, "n c h w"]:
        """The map, of `out_channels` channels at `stride`."""


class LevelDecoder(Decoder):
    """At each level, x is upsampled by 2, joined with the encoder's map of that size and passed through a block of convolutions.

    x = bottom; for i = last … 0: x = block_i(join(upsample_i(x)[:h_i, :w_i], maps_i)); the map is x

    Channels: upsample_i keeps the encoder's c_i, as unpooling has to; block_i goes from c_i, or 2·c_i after concat, to
    c_(i-1), and block_0 to c_0. The encoder rounds odd sizes up; the upsampled map is
    cropped at the bottom and the right.

    Args:
        channels: c_i of the encoder's maps, fine to coarse.
        upsample: given c_i, a module that doubles height and width.
        block: given the channels in and out, a module that keeps height and width.
        skip: none, add (Long et al. 2015, section 4.2) or concat (Ronneberger et al. 2015).
        needs_offsets: whether the modules of `upsample` also take the offsets of the level's maxima.
    """

    @checked
    def __init__(
        self,
        channels: Sequence[int],
        upsample: Callable[[int], nn.Module],
        block: Callable[[int, int], nn.Module],
        skip: Skip = "none",
        needs_offsets: bool = False,
    ) -> None:
        super().__init__()
        self.skip = skip
        self.needs_offsets = needs_offsets
        self.out_channels = channels[0]
        widen = 2 if skip == "concat" else 1
        self.upsamplings = nn.ModuleList(upsample(c) for c in channels)
        self.blocks = nn.ModuleList(block(widen * c, out) for c, out in zip(channels, (channels[0], *channels)))

    def forward(self, features: Features) -> Float[Tensor, "n c h w"]:
        x = features.bottom
        for i in reversed(range(len(self.blocks))):
            x = self.upsamplings[i](x, features.offsets[i]) if self.needs_offsets else self.upsamplings[i](x)
            x = self.blocks[i](self._join(x, features.maps[i]))
        return x

    def _join(self, x: Tensor, level_map: Tensor) -> Tensor:
        x = crop(x, level_map.shape[2:])
        if self.skip == "none":
            return x
        return x + level_map if self.skip == "add" else torch.cat((x, level_map), 1)


def level_block(conv_kernel: int, norm: Norm) -> Callable[[int, int], nn.Module]:
    """The block of most decoders: conv-norm-ReLU with a kernel of `conv_kernel`, an odd number."""
    return partial(conv_block, kernel=conv_kernel, norm=norm)
