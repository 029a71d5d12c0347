"""Convolution, normalisation, ReLU: what encoders and decoders are made of."""

from collections.abc import Callable
from math import gcd
from typing import Literal

from torch import nn

Norm = Literal["batch", "group", "none"]
NORMS: dict[Norm, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "group": lambda channels: nn.GroupNorm(gcd(channels, 8), channels),
    "none": lambda channels: nn.Identity(),
}


def conv_block(
    in_channels: int,
    out_channels: int,
    *,
    kernel: int,
    norm: Norm,
    stride: int = 1,
    conv: type[nn.Conv2d] | type[nn.ConvTranspose2d] = nn.Conv2d,
    relu: bool = True,
    groups: int = 1,
) -> nn.Sequential:
    """relu(norm(conv(x))), (n, in_channels, h, w) -> (n, out_channels, h, w) for an odd kernel and stride 1.

    Args:
        relu: whether there is a ReLU; SegNet-Basic's decoder has none (Badrinarayanan et al. 2017, section 3.3).
        groups: of the convolution; as many as channels for one filter a channel.
        norm: batch (Ioffe & Szegedy 2015), group (Wu & He 2018, up to 8 groups) or none; only `none` has a bias in the
            convolution, as the others bring their own.
    """
    norm_layer = NORMS[norm](out_channels)
    layer = conv(in_channels, out_channels, kernel, stride, padding=(kernel - 1) // 2, bias=norm == "none", groups=groups)
    return nn.Sequential(layer, norm_layer, *([nn.ReLU(inplace=True)] if relu else []))
