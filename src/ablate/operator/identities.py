"""Identities between upsampling operators, each computed on random weights: some that hold, and some that do not."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.operator import rewrite
from ablate.operator.matrix import apply, conv_matrix
from ablate.operator.sliding import dense_as_convolution, fully_convolutional, sliding_window

C, D, SIDE = 3, 4, 9  # channels in and out, and a side that is no multiple of a stride


class Identity(NamedTuple):
    """max |left - right| over all outputs, in float64 on weights and inputs of variance 1; `holds`: whether it should be 0."""

    statement: str
    error: float
    holds: bool


def identities(seed: int = 0) -> list[Identity]:
    """Measure every identity of EXACT and INEXACT; those that do not hold come last."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        exact = [Identity(statement, _largest(function), True) for statement, function in EXACT.items()]
        return exact + [Identity(statement, _largest(function), False) for statement, function in INEXACT.items()]


def _largest(function: Callable[[], tuple[Tensor, Tensor]]) -> float:
    left, right = function()
    return float((left - right).detach().abs().max())


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def _x() -> Tensor:
    return _random(2, C, SIDE, SIDE)


def _layer(kind: type, *arguments: int, **options: object) -> nn.Module:
    layer = kind(*arguments, **options, dtype=torch.float64).requires_grad_(False)
    for parameter in layer.parameters():
        parameter.normal_()
    return layer


def _convolution(out_channels: int = D, bias: bool = True) -> nn.Conv2d:
    return _layer(nn.Conv2d, C, out_channels, 3, padding=1, bias=bias)


def _matrix() -> tuple[Tensor, Tensor]:
    x, weight = _x(), _random(D, C, 3, 3)
    y = F.conv2d(x, weight, stride=2, padding=1)
    return y, apply(conv_matrix(weight, SIDE, 2, 1), x, y.shape[1:])


def _transposed_matrix() -> tuple[Tensor, Tensor]:
    y, weight = _random(2, D, 5, 5), _random(D, C, 3, 3)
    transposed = conv_matrix(weight, SIDE, 2, 1).T.tocsr()
    return F.conv_transpose2d(y, weight, stride=2, padding=1), apply(transposed, y, (C, SIDE, SIDE))


def _adjoint() -> tuple[Tensor, Tensor]:
    x, y, weight = _x(), _random(2, D, 5, 5), _random(D, C, 3, 3)
    forward = F.conv2d(x, weight, stride=2, padding=1)
    return (forward * y).sum(), (x * F.conv_transpose2d(y, weight, stride=2, padding=1)).sum()


def _gradient() -> tuple[Tensor, Tensor]:
    x, y, weight = _x().requires_grad_(), _random(2, D, 5, 5), _random(D, C, 3, 3)
    (gradient,) = torch.autograd.grad(F.conv2d(x, weight, stride=2, padding=1), x, y)
    return gradient, F.conv_transpose2d(y, weight, stride=2, padding=1)


def _flipped() -> tuple[Tensor, Tensor]:
    x, layer = _x(), _layer(nn.ConvTranspose2d, C, D, 3, padding=1)
    return layer(x), rewrite.flipped_convolution(layer)(x)


def _zero_inserted() -> tuple[Tensor, Tensor]:
    x, layer = _x(), _layer(nn.ConvTranspose2d, C, D, 4, stride=3, padding=1, output_padding=2)
    return layer(x), rewrite.convolve_zero_inserted(x, layer)


def _nearest() -> tuple[Tensor, Tensor]:
    x, convolution = _x(), _convolution()
    return convolution(F.interpolate(x, scale_factor=2)), rewrite.fold_nearest(convolution)(x)


def _bed_of_nails() -> tuple[Tensor, Tensor]:
    x, convolution = _x(), _convolution()
    nails = F.pad(rewrite.insert_zeros(x, 2), (0, 1, 0, 1))
    return convolution(nails), rewrite.fold_bed_of_nails(convolution)(x)


def _pixel_shuffle() -> tuple[Tensor, Tensor]:
    x, convolution = _x(), _convolution(4 * D, bias=False)
    return F.pixel_shuffle(convolution(x), 2), rewrite.fold_pixel_shuffle(convolution)(x)


def _icnr() -> tuple[Tensor, Tensor]:
    x, filters = _x(), _random(D, C, 3, 3)
    shuffled = F.pixel_shuffle(F.conv2d(x, filters.repeat_interleave(4, 0), padding=1), 2)
    return shuffled, F.interpolate(F.conv2d(x, filters, padding=1), scale_factor=2)


def _bilinear() -> tuple[Tensor, Tensor]:
    x, triangle = _x(), torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 4
    weight = torch.outer(triangle, triangle).expand(C, 1, 4, 4)
    learned = F.conv_transpose2d(x, weight, stride=2, padding=1, groups=C)
    return learned, F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _bilinear_interior() -> tuple[Tensor, Tensor]:
    left, right = _bilinear()
    return left[..., 1:-1, 1:-1], right[..., 1:-1, 1:-1]


def _unpooling() -> tuple[Tensor, Tensor]:
    x, y = _random(2, C, 8, 8).requires_grad_(), _random(2, C, 4, 4)
    pooled, places = F.max_pool2d(x, 2, return_indices=True)
    (gradient,) = torch.autograd.grad(pooled, x, y)
    return F.max_unpool2d(y, places, [2, 2]), gradient


def _dense() -> tuple[Tensor, Tensor]:
    x, dense = _x(), _layer(nn.Linear, C * SIDE**2, D)
    return dense(x.flatten(1)), dense_as_convolution(dense, C, (SIDE, SIDE))(x).flatten(1)


def _window_classifier() -> nn.Sequential:
    """Of windows of 12×12 pixels: 5×5 and 3×3 convolutions without padding, a pooling between, two dense layers."""
    first, second = _layer(nn.Conv2d, C, D, 5), _layer(nn.Conv2d, D, D, 3)
    dense = [_layer(nn.Linear, D * 4, 6), _layer(nn.Linear, 6, 5)]
    return nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.Flatten(), dense[0], nn.ReLU(), dense[1])


def _sliding() -> tuple[Tensor, Tensor]:
    x, classifier = _random(2, C, 26, 20), _window_classifier()
    return sliding_window(classifier, x, (12, 12), 2), fully_convolutional(classifier, (12, 12))(x)


def _shift() -> tuple[Tensor, Tensor]:
    """A convolution would commute with a shift by one pixel: its output would move by one, too."""
    x, layer = _x(), _layer(nn.ConvTranspose2d, 1, 1, 3, stride=2)
    x = F.pad(x[:, :1], (2, 2, 2, 2))
    return layer(x.roll(1, 3))[..., 1:], layer(x)[..., :-1]


def _inverse() -> tuple[Tensor, Tensor]:
    x, weight = _x(), _random(C, C, 3, 3) / 27**0.5
    return F.conv_transpose2d(F.conv2d(x, weight, padding=1), weight, padding=1), x


EXACT = {
    "convolution = sparse matrix W (3×3, stride 2, padding 1)": _matrix,
    "transposed convolution = Wᵀ": _transposed_matrix,
    "⟨Wx, y⟩ = ⟨x, Wᵀy⟩": _adjoint,
    "gradient of a convolution at its input = transposed convolution": _gradient,
    "transposed convolution, stride 1 = convolution with the flipped kernel, padding k - 1 - p": _flipped,
    "transposed convolution, stride 3 = convolution of the zero-inserted input": _zero_inserted,
    "nearest unpooling + 3×3 = transposed convolution 4×4, stride 2": _nearest,
    "bed of nails + 3×3 = transposed convolution 3×3, stride 2": _bed_of_nails,
    "3×3 + pixel shuffle = transposed convolution 6×6, stride 2": _pixel_shuffle,
    "ICNR + pixel shuffle = convolution + nearest unpooling, at initialisation": _icnr,
    "bilinear transposed convolution 4×4 = interpolation, in the interior": _bilinear_interior,
    "unpooling with switches = gradient of max pooling": _unpooling,
    "dense layer over a window = convolution with a kernel of its size": _dense,
    "classifier on every second window = one pass of it over the picture, dense layers as convolutions": _sliding,
}
INEXACT = {
    "bilinear transposed convolution 4×4 = interpolation, with the border": _bilinear,
    "transposed convolution, stride 2 = a convolution of its input: shift by one pixel": _shift,
    "Wᵀ = W⁻¹": _inverse,
}
