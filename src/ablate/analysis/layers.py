"""The layers of a segmenter in the order of computation: kernels, sizes, parameters, multiply-adds, receptive fields."""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ablate.model.segmenter.base import Segmenter
from ablate.model.segmenter.decoder.unpooling import BedOfNails, MaxUnpool
from ablate.model.segmenter.max_pool import MaxPool


@dataclass(frozen=True)
class Geometry:
    """How a map comes from the picture: the kernel and the stride of each layer on the way, 1/factor for an upsampling."""

    steps: tuple[tuple[int, Fraction], ...] = ()

    def after(self, kernel: int, stride: Fraction) -> "Geometry":
        """With one more layer."""
        return Geometry((*self.steps, (kernel, stride)))

    @property
    def jump(self) -> Fraction:
        """Pixels of the picture from one pixel of the map to the next."""
        return math.prod((stride for _, stride in self.steps), start=Fraction(1))

    @property
    def field(self) -> int:
        """The most rows of the picture that one pixel of the map sees, counted back from it.

        n pixels see (n - 1)·stride + kernel pixels before a convolution, and ⌊(n + kernel - 2) / factor⌋ + 1 before a transposed
        one, where they begin at a phase at which they see the most.
        """
        n = 1
        for kernel, stride in reversed(self.steps):
            n = (n - 1) * int(stride) + kernel if stride >= 1 else (n + kernel - 2) // stride.denominator + 1
        return n


class Layer(NamedTuple):
    """A row of the table.

    Attributes:
        name: of the module in the network.
        kind: what it is, and the norm, the ReLU and the dropout that follow it: "conv, BN, ReLU".
        size: channels, height, width of its output.
        parameters: with those of the norm that follows it.
        multiply_adds: of convolutions, for one picture.
    """

    name: str
    kind: str
    kernel: int
    stride: Fraction
    size: tuple[int, ...]
    parameters: int
    multiply_adds: int
    geometry: Geometry


def _of_convolution(layer: Any) -> tuple[int, Fraction]:
    return layer.kernel_size[0], Fraction(layer.stride[0])


def _of_transposed(layer: Any) -> tuple[int, Fraction]:
    return layer.kernel_size[0], Fraction(1, layer.stride[0])


def _of_pooling(layer: Any) -> tuple[int, Fraction]:
    return layer.kernel_size, Fraction(layer.stride)


def _of_upsample(layer: Any) -> tuple[int, Fraction]:
    factor = int(layer.scale_factor)
    return (2 * factor if layer.mode == "bilinear" else factor), Fraction(1, factor)


HALF = Fraction(1, 2)
KINDS: Mapping[type[nn.Module], tuple[str, Callable[[Any], tuple[int, Fraction]]]] = {  # what it is called; its kernel and stride
    nn.Conv2d: ("conv", _of_convolution),
    nn.ConvTranspose2d: ("transposed conv", _of_transposed),
    nn.MaxPool2d: ("max pool", _of_pooling),
    nn.AvgPool2d: ("average pool", _of_pooling),
    MaxPool: ("max pool", lambda layer: (2, Fraction(2))),
    MaxUnpool: ("unpool", lambda layer: (2, HALF)),
    BedOfNails: ("bed of nails", lambda layer: (2, HALF)),
    nn.PixelShuffle: ("pixel shuffle", lambda layer: (layer.upscale_factor, Fraction(1, layer.upscale_factor))),
    nn.Upsample: ("upsample", _of_upsample),
}
FOLLOWERS: Mapping[type[nn.Module], str] = {nn.BatchNorm2d: "BN", nn.GroupNorm: "GN", nn.ReLU: "ReLU", nn.Dropout: "dropout"}


class _Carry(TorchFunctionMode):
    """Gives the result of each function the geometry of its inputs: where they differ, the largest field."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        known = [each.geometry for each in _tensors(args) if hasattr(each, "geometry")]
        for each in _tensors(result) if known else ():
            each.geometry = max(known, key=lambda geometry: geometry.field)
        return result


def layers(model: Segmenter, size: tuple[int, int]) -> list[Layer]:
    """The rows for a picture of this size, on the meta device: nothing is computed, and the model stays as it is.

    The receptive field is the one without borders: the field of a sum or a concatenation is the largest of its parts.
    """
    shadow = copy.deepcopy(model).to("meta").eval()
    rows: list[Layer] = []
    for name, module in shadow.named_modules():
        if any(isinstance(module, kind) for kind in (*KINDS, *FOLLOWERS)):
            module.register_forward_hook(lambda *call, name=name: _add(rows, name, *call))
    image = torch.empty(1, 3, *size, device="meta", dtype=next(model.parameters()).dtype)
    image.geometry = Geometry()  # type: ignore[attr-defined]
    with torch.no_grad(), _Carry():
        shadow(image)
    return rows


def _add(rows: list[Layer], name: str, module: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
    """Add a row for this call of a module, or what it adds to the last row, and hand the geometry on."""
    before, parameters = inputs[0].geometry, sum(each.numel() for each in module.parameters())  # type: ignore[attr-defined]
    if follower := next((word for kind, word in FOLLOWERS.items() if isinstance(module, kind)), None):
        rows[-1] = rows[-1]._replace(kind=f"{rows[-1].kind}, {follower}", parameters=rows[-1].parameters + parameters)
        after = before
    else:
        word, kernel_and_stride = next(found for kind, found in KINDS.items() if isinstance(module, kind))
        kernel, stride = kernel_and_stride(module)
        after = before.after(kernel, stride)
        shape = next(_tensors(output)).shape
        pixels = inputs[0].shape if isinstance(module, nn.ConvTranspose2d) else shape
        weight = getattr(module, "weight", None)
        adds = 0 if weight is None else weight.numel() * math.prod(pixels[2:])
        rows.append(Layer(name, word, kernel, stride, tuple(shape[1:]), parameters, adds, after))
    for each in _tensors(output):
        each.geometry = after


def _tensors(values: Any) -> Any:
    """The tensors among a value, or in a tuple, however deep."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for each in values:
            yield from _tensors(each)
