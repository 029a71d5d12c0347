"""Rewrite one linear layer as another that computes the same.

Every equality is exact up to rounding, and holds at the borders too. Weights have torch's order: (c_out, c_in, k, k) for a
convolution, (c_in, c_out, k, k) for a transposed one.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput, check_positive


def flipped_convolution(layer: nn.ConvTranspose2d) -> nn.Conv2d:
    """A stride-1 transposed convolution as a convolution: the kernel turned by 180°, channels swapped, padding k - 1 - p.

    From out[y] = Σ_j w[j] x[y + p - j] (Dumoulin and Visin 2016, section 4.1).

    Raises:
        BadInput: a stride above 1, which is no convolution of its input, or a padding above k - 1.
    """
    _check_plain(layer)
    if layer.stride != (1, 1):
        raise BadInput(f"stride={layer.stride[0]}: only with stride 1 is a transposed convolution a convolution of its input")
    kernel, padding = layer.kernel_size, tuple(map(int, layer.padding))
    if padding[0] > kernel[0] - 1 or padding[1] > kernel[1] - 1:
        raise BadInput(f"padding={padding} crops more than kernel {kernel} adds; the most is {tuple(k - 1 for k in kernel)}")
    padding = tuple(k - 1 - p for k, p in zip(kernel, padding))
    return _layer(nn.Conv2d, layer.weight.flip(2, 3).transpose(0, 1), layer.bias, padding=padding)


def insert_zeros(x: Float[Tensor, "n c h w"], stride: int) -> Float[Tensor, "n c h2 w2"]:
    """out[s y, s x] = x[y, x] with zeros between, of the size s(h - 1) + 1; a transposed convolution convolves this."""
    n, c, h, w = x.shape
    check_positive("stride", stride)
    out = x.new_zeros(n, c, stride * (h - 1) + 1, stride * (w - 1) + 1)
    out[..., ::stride, ::stride] = x
    return out


def convolve_zero_inserted(x: Float[Tensor, "n c h w"], layer: nn.ConvTranspose2d) -> Float[Tensor, "n c2 h2 w2"]:
    """A transposed convolution of any stride as a stride-1 convolution of its zero-inserted input.

    layer(x) = flipped kernel * pad(insert_zeros(x, s), k - 1 - p; and a more at the end) (Dumoulin and Visin 2016, section 4.2).
    """
    _check_plain(layer)
    (k_h, k_w), (p, q), (a, b) = layer.kernel_size, map(int, layer.padding), layer.output_padding
    inserted = insert_zeros(x, layer.stride[0])
    padded = F.pad(inserted, (k_w - 1 - q, k_w - 1 - q + b, k_h - 1 - p, k_h - 1 - p + a))
    return F.conv2d(padded, layer.weight.flip(2, 3).transpose(0, 1), layer.bias)


def fold_nearest(convolution: nn.Conv2d) -> nn.ConvTranspose2d:
    """Nearest-neighbour upsampling by 2 and a 3×3 convolution as one transposed convolution: kernel 4, stride 2, padding 1.

    In one dimension the three weights a b c of the convolution, as a correlation, meet the pixel itself or its neighbour: an even
    output sees a·left + (b + c)·here, an odd one (a + b)·here + c·right. So the transposed kernel is (c, b + c, a + b, a), which
    is the flipped kernel convolved with (1, 1). 4 instead of 9 multiply-adds for each output and pair of channels. Exact at
    zero-padded borders, too: what lies outside is zero before and after the repetition.

    Raises:
        BadInput: another kernel, stride, padding, dilation or groups.
    """
    _check_3x3(convolution, "nearest upsampling")
    weight = F.conv_transpose2d(convolution.weight.flip(2, 3).flatten(0, 1)[:, None], convolution.weight.new_ones(1, 1, 2, 2))[:, 0]
    weight = weight.unflatten(0, convolution.weight.shape[:2]).transpose(0, 1)
    return _layer(nn.ConvTranspose2d, weight, convolution.bias, stride=2, padding=1)


def fold_bed_of_nails(convolution: nn.Conv2d) -> nn.ConvTranspose2d:
    """Bed of nails and a 3×3 convolution as one transposed convolution: the flipped kernel, stride 2, padding 1, output padding 1.

    The values already lie on the even positions; a transposed convolution is what convolves them with zeros between.
    """
    _check_3x3(convolution, "bed of nails")
    weight = convolution.weight.flip(2, 3).transpose(0, 1)
    return _layer(nn.ConvTranspose2d, weight, convolution.bias, stride=2, padding=1, output_padding=1)


def fold_pixel_shuffle(convolution: nn.Conv2d) -> nn.ConvTranspose2d:
    """A 3×3 convolution to 4c channels and pixel shuffle by 2 as one transposed convolution: kernel 6, stride 2, padding 2.

    Its kernel interleaves the four filters of an output channel: V[i, o, 2 (2 - a) + p, 2 (2 - b) + q] = W[4 o + 2 p + q, i, a, b]
    (Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?").

    Raises:
        BadInput: as fold_nearest, or output channels that 4 does not divide.
    """
    _check_3x3(convolution, "pixel shuffle")
    if convolution.out_channels % 4:
        raise BadInput(f"pixel shuffle by 2 needs 4 filters for each channel; {convolution.out_channels} is not divisible by 4")
    # (o p q) i a b -> i o (a p) (b q)
    filters = convolution.weight.flip(2, 3).unflatten(0, (-1, 2, 2))
    weight = filters.permute(3, 0, 4, 1, 5, 2).flatten(4, 5).flatten(2, 3)
    bias = convolution.bias
    if bias is not None and not torch.equal(bias.view(-1, 4), bias[::4, None].expand(-1, 4)):
        raise BadInput("a bias that differs by phase has no place in a transposed convolution, whose bias is one a channel")
    return _layer(nn.ConvTranspose2d, weight, None if bias is None else bias[::4], stride=2, padding=2)


def _check_plain(layer: nn.ConvTranspose2d) -> None:
    if layer.dilation != (1, 1) or layer.groups != 1 or layer.stride[0] != layer.stride[1]:
        raise BadInput(f"{layer} has dilation, groups or two strides; this rewriting is for layers without")


def _check_3x3(layer: nn.Conv2d, what: str) -> None:
    wanted = {"kernel_size": (3, 3), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1, "padding_mode": "zeros"}
    for name, value in wanted.items():
        if getattr(layer, name) != value:
            raise BadInput(f"{what} folds into a convolution with {name}={value}; this one has {getattr(layer, name)}")


def _layer(kind: type, weight: Tensor, bias: Tensor | None, **options: object) -> nn.Module:
    """A layer of this kind with these weights."""
    in_out = weight.shape[:2] if kind is nn.ConvTranspose2d else weight.shape[1::-1]
    layer = kind(*in_out, tuple(weight.shape[2:]), bias=bias is not None, **options).to(weight.device, weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer
