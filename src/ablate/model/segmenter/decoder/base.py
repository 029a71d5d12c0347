"""The base class of decoders, and the decoder that goes from the coarsest level to the finest."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.base import Features
from ablate.model.segmenter.block import Norm, conv_block
from ablate.model.segmenter.checkpointing import Staged
from ablate.model.segmenter.max_pool import crop
from ablate.schema.options import Repeats, checked

Skip = Literal["none", "add", "concat"]
Narrow = Literal["block", "upsampling"]
Convs = Repeats | Sequence[Repeats]  # convolutions at each level, or for each level, fine to coarse
Block = Callable[[int, int, int], nn.Module]


class Decoder(Staged, ABC):
    """Computes one map from an encoder's features.

    Attributes:
        out_channels: channels of the map.
        stride: the map is of the size ⌈h/stride⌉×⌈w/stride⌉ for a picture of h×w, a power of two.
        needs_offsets: whether it needs an encoder with max pooling.
        makes_scores: whether the map's channels are scores of classes, so that no head follows.
        upsamplings: the layers that double height and width level by level, fine to coarse; empty if it has none.
    """

    out_channels: int
    stride: int = 1
    needs_offsets: bool = False
    makes_scores: bool = False
    upsamplings: nn.ModuleList

    @abstractmethod
    def forward(self, features: Features) -> Float[Tensor, "n c h w"]:
        """The map, of `out_channels` channels at `stride`."""


class LevelDecoder(Decoder):
    """At each level, x is upsampled by 2, joined with the encoder's map of that size and passed through a block of convolutions.

    x = bottom; for i = last … 0: x = block_i(join(upsample_i(x)[:h_i, :w_i], maps_i)); the map is x

    The encoder rounds odd sizes up; the upsampled map is cropped at the bottom and the right.

    Args:
        channels: c_i of the encoder's maps, fine to coarse.
        bottom: channels of the encoder's bottom.
        upsample: given the channels in and out, a module that doubles height and width.
        block: given the channels in and out and the level i, a module that keeps height and width.
        skip: none, add (Long et al. 2015, section 4.2) or concat (Ronneberger et al. 2015).
        needs_offsets: whether the modules of `upsample` also take the offsets of the level's maxima.
        narrow: what changes the number of channels. block: upsample_i keeps c_i, as unpooling has to, and block_i goes from c_i,
            or 2·c_i after concat, to c_(i-1), block_0 to c_0. upsampling: upsample_i goes to c_i, and block_i ends with c_i
            (Ronneberger et al. 2015, figure 1).

    Raises:
        BadInput: an encoder whose bottom has other channels than its last level, where upsampling does not change them.
    """

    @checked
    def __init__(
        self,
        channels: Sequence[int],
        bottom: int,
        upsample: Callable[[int, int], nn.Module],
        block: Block,
        skip: Skip = "none",
        needs_offsets: bool = False,
        narrow: Narrow = "block",
    ) -> None:
        super().__init__()
        if narrow == "block" and bottom != channels[-1]:
            raise BadInput(
                f"this model/decoder keeps the channels while it upsamples: the encoder's bottom needs {channels[-1]}, not {bottom}"
            )
        self.skip = skip
        self.needs_offsets = needs_offsets
        self.out_channels = channels[0]
        widen = 2 if skip == "concat" else 1
        outs = (channels[0], *channels[:-1]) if narrow == "block" else channels
        ins = (*outs[1:], bottom)
        self.upsamplings = nn.ModuleList(upsample(before, c) for before, c in zip(ins, channels))
        self.blocks = nn.ModuleList(block(widen * c, out, i) for i, (c, out) in enumerate(zip(channels, outs)))

    def forward(self, features: Features) -> Float[Tensor, "n c h w"]:
        x = features.bottom
        for i in reversed(range(len(self.blocks))):
            x = self.upsamplings[i](x, features.offsets[i]) if self.needs_offsets else self.upsamplings[i](x)
            x = self.run(self.blocks[i], self._join(x, features.maps[i]))
        return x

    def _join(self, x: Tensor, level_map: Tensor) -> Tensor:
        x = crop(x, level_map.shape[2:])
        if self.skip == "none":
            return x
        return x + level_map if self.skip == "add" else torch.cat((x, level_map), 1)


def level_block(
    conv_kernel: int,
    norm: Norm,
    convs: Convs = 1,
    *,
    conv: type[nn.Conv2d] | type[nn.ConvTranspose2d] = nn.Conv2d,
    narrow_first: bool = True,
    relu: bool = True,
    mix: bool = True,
) -> Block:
    """The block of most decoders: `convs` times conv-norm-ReLU with a kernel of `conv_kernel`, an odd number.

    Args:
        convs: at each level, or for each level, fine to coarse.
        narrow_first: whether the first convolution changes the number of channels, or the last one, as a mirrored encoder does.
        relu, mix: whether there is a ReLU; whether channels are mixed, or each has one filter.
    """

    def block(before: int, after: int, level: int) -> nn.Module:
        repeats = convs if isinstance(convs, int) else convs[level]
        if (not repeats and before != after) or (not mix and after % before):
            option = "`convs`=0" if mix else "`mix`=false"
            raise BadInput(f"{option} cannot go from {before} to {after} channels: encoder.growth=1, and no skip=concat")
        if not repeats:
            return nn.Identity()
        ends = (before, *(after if narrow_first else before,) * (repeats - 1), after)
        layers = [
            conv_block(a, b, kernel=conv_kernel, norm=norm, conv=conv, relu=relu, groups=1 if mix else a)
            for a, b in zip(ends, ends[1:])
        ]
        return layers[0] if repeats == 1 else nn.Sequential(*layers)

    return block


def check_levels(convs: Convs, channels: Sequence[int]) -> None:
    """Raise BadInput unless `convs` is one number, or one for each of the encoder's levels."""
    if not isinstance(convs, int) and len(convs) != len(channels):
        raise BadInput(f"`convs`={list(convs)} must be one number, or {len(channels)}: one for each level of the encoder")
