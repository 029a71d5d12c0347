"""Transposed convolution with stride 2: upsampling with a learned kernel."""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.block import Norm
from ablate.model.segmenter.decoder.base import LevelDecoder, Skip, level_block
from ablate.schema.options import MANY, Odd, Range, checked

Init = Literal["default", "bilinear"]
Kernel = Annotated[int, Range(2, MANY)]  # a smaller one leaves holes at stride 2


class TransposedConv(nn.ConvTranspose2d):
    """out[2y + i - p, 2x + j - p] += W[i, j] in[y, x], p = ⌊(kernel-1)/2⌋: (n, c, h, w) -> (n, c, 2h, 2w).

    The size is 2(n - 1) - 2p + kernel + a = 2n with the output padding a = kernel mod 2.

    The adjoint of a convolution with stride 2. Where 2 does not divide the kernel, output pixels are reached by different
    numbers of weights (Odena et al. 2016, Deconvolution and checkerboard artifacts). No bias: the block that follows has it.

    Args:
        init: default (torch's), or bilinear: a triangle of half-width 2 on the diagonal of the channels. An even kernel
            then interpolates as `F.interpolate` does, an odd one between pixels that stay in place, up to the border.
        mix: a kernel from each channel to each; False: one kernel a channel, as FCN has one a class.

    Raises:
        BadInput: kernel below 2, or 2 with bilinear weights.
    """

    @checked
    def __init__(self, channels: int, kernel: Kernel = 4, init: Init = "default", mix: bool = True) -> None:
        if init == "bilinear" and kernel < 3:
            raise BadInput(
                f"`kernel`={kernel} is too small for a triangle two pixels wide to each side; the nearest that works is 3"
            )
        groups = 1 if mix else channels
        super().__init__(channels, channels, kernel, 2, (kernel - 1) // 2, kernel % 2, groups, bias=False)
        if init == "bilinear":
            with torch.no_grad():
                self.weight.zero_()[range(channels), range(channels) if mix else 0] = bilinear_kernel(kernel)


def bilinear_kernel(size: int) -> Float[Tensor, "{size} {size}"]:
    """W[i, j] = t(i) t(j), t(i) = max(0, 1 - |i - (size-1)/2| / 2): a partition of unity at stride 2 (Long et al. 2015)."""
    triangle = (1 - (torch.arange(size) - (size - 1) / 2).abs() / 2).clamp(min=0)
    return torch.outer(triangle, triangle)


@checked
def transposed_conv(
    channels: Sequence[int],
    *,
    kernel: Kernel = 4,
    init: Init = "default",
    mix: bool = True,
    skip: Skip = "none",
    norm: Norm = "batch",
    conv_kernel: Odd = 3,
) -> LevelDecoder:
    """A transposed convolution with stride 2 at each level (Long et al. 2015, section 3.3)."""
    return LevelDecoder(channels, lambda c: TransposedConv(c, kernel, init, mix), level_block(conv_kernel, norm), skip)
