"""Transposed convolution: upsampling with a learned kernel."""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.block import Norm
from ablate.model.segmenter.decoder.base import Convs, LevelDecoder, Narrow, Skip, check_levels, level_block
from ablate.schema.options import MANY, Odd, Range, checked

Init = Literal["default", "bilinear"]
Kernel = Annotated[int, Range(2, MANY)]  # a smaller one leaves holes at stride 2


class TransposedConv(nn.ConvTranspose2d):
    """out[f y + i - p, f x + j - p] += W[i, j] in[y, x], p = ⌈(kernel-f)/2⌉: (n, c, h, w) -> (n, c_out, f h, f w).

    The size is f (n - 1) - 2p + kernel + a = f n with the output padding a = (kernel - f) mod 2. The factor f is 2 in all decoders
    that go level by level.

    The adjoint of a convolution with stride f. Where f does not divide the kernel, output pixels are reached by different
    numbers of weights (Odena et al. 2016, Deconvolution and checkerboard artifacts). No bias: the block that follows has it.

    Args:
        out_channels: None: as many as `channels`.
        init: default (torch's), or bilinear: a triangle of half-width f on the diagonal of the channels. A kernel of 2f
            then interpolates as `F.interpolate` does; with f=2 an odd one between pixels that stay in place, up to the border.
        mix: a kernel from each channel to each; False: one kernel a channel, as FCN has one a class.
        padded: False: p = 0 and the size is f (n - 1) + kernel, as in FCN's reference code, which crops later.

    Raises:
        BadInput: a kernel below f, or not above it with bilinear weights; bilinear weights or mix=False between different
            numbers of channels.
    """

    @checked
    def __init__(
        self,
        channels: int,
        kernel: Kernel = 4,
        init: Init = "default",
        mix: bool = True,
        *,
        factor: int = 2,
        out_channels: int | None = None,
        padded: bool = True,
    ) -> None:
        out_channels = channels if out_channels is None else out_channels
        if kernel < factor:
            raise BadInput(f"`kernel`={kernel} leaves holes at stride {factor}; the nearest that works is {factor}")
        if init == "bilinear" and kernel <= factor:
            size = "two pixels" if factor == 2 else f"{factor} pixels"
            raise BadInput(
                f"`kernel`={kernel} is too small for a triangle {size} wide to each side; the nearest that works is {factor + 1}"
            )
        if out_channels != channels and (init == "bilinear" or not mix):
            raise BadInput(f"init=bilinear and mix=false keep the channels, and here {channels} become {out_channels}")
        groups = 1 if mix else channels
        excess = kernel - factor
        padding = ((excess + 1) // 2, excess % 2) if padded else (0, 0)
        super().__init__(channels, out_channels, kernel, factor, *padding, groups, bias=False)
        if init == "bilinear":
            with torch.no_grad():
                self.weight.zero_()[range(channels), range(channels) if mix else 0] = bilinear_kernel(kernel, factor)


def bilinear_kernel(size: int, factor: int = 2) -> Float[Tensor, "{size} {size}"]:
    """W[i, j] = t(i) t(j), t(i) = max(0, 1 - |i - (size-1)/2| / factor): at that stride a partition of unity (Long et al. 2015)."""
    triangle = (1 - (torch.arange(size) - (size - 1) / 2).abs() / factor).clamp(min=0)
    return torch.outer(triangle, triangle)


@checked
def transposed_conv(
    channels: Sequence[int],
    bottom: int,
    *,
    kernel: Kernel = 4,
    init: Init = "default",
    mix: bool = True,
    skip: Skip = "none",
    norm: Norm = "batch",
    conv_kernel: Odd = 3,
    convs: Convs = 1,
    narrow: Narrow = "block",
) -> LevelDecoder:
    """A transposed convolution with stride 2 at each level (Long et al. 2015, section 3.3).

    Args:
        convs: after each of them; or for each level, fine to coarse; 0: nothing but upsampling.
        narrow: upsampling: it is the transposed convolution that changes the number of channels, as in a U-Net.
    """
    check_levels(convs, channels)
    return LevelDecoder(
        channels,
        bottom,
        lambda before, after: TransposedConv(before, kernel, init, mix, out_channels=after),
        level_block(conv_kernel, norm, convs),
        skip,
        narrow=narrow,
    )
