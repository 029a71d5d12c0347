"""Layers of a trained segmenter as fewer ones that compute the same."""

import copy
from collections.abc import Iterator
from typing import NamedTuple

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ablate.errors import BadInput
from ablate.model.segmenter.decoder.base import Decoder, LevelDecoder
from ablate.model.segmenter.decoder.unpooling import BedOfNails
from ablate.model.segmenter.fcn import FCN
from ablate.operator.rewrite import fold_bed_of_nails, fold_nearest

BED_OF_NAILS, NEAREST, RESIZE = "bed of nails", "nearest upsampling", "resize-convolution's upsampling"


class Folded(NamedTuple):
    """A copy of a network, what was done to it, and what height and width of its pictures must be multiples of."""

    model: FCN
    done: list[str]
    multiple: int = 1


def fold(model: FCN, size: tuple[int, int]) -> Folded:
    """A copy with batch norms in the convolutions before them, and upsamplings by constants in the convolutions after them.

    Nearest upsampling by 2 and a 3×3 convolution are one transposed convolution of kernel 4, with 4 instead of 9 multiply-adds
    for each output and pair of channels; a bed of nails and a 3×3 convolution one of kernel 3. A map of odd size is cropped
    before the convolution by the decoder `nearest`, but after it by the folded one, and they differ there: it is folded only
    where the total stride divides `size`, and then asks the same of every picture.
    """
    folded = copy.deepcopy(model).eval()
    done, multiple, decoder = [], 1, folded.decoder
    if norms := _fold_norms(folded):
        done.append(f"{norms} batch norms into the convolutions before them")
    try:
        found = list(_foldable(decoder, size))
        for i, (kind, convolution) in enumerate(found):
            decoder.upsamplings[i] = (fold_bed_of_nails if kind == BED_OF_NAILS else fold_nearest)(convolution)
            if kind != RESIZE:
                decoder.blocks[i][0] = nn.Identity()
            if kind == NEAREST:
                multiple = 2 ** len(found)
        if found:
            done.append(f"{len(found)} times {found[0][0]} and the convolution after it into one transposed convolution")
    except BadInput as error:
        done.append(f"upsampling stays as it is: {error}")
    return Folded(folded, done, multiple)


def _fold_norms(model: nn.Module) -> int:
    """Put batch norms into the convolutions right before them; how many there were."""
    found = 0
    for layers in model.modules():
        for i in range(len(layers) - 1 if isinstance(layers, nn.Sequential) else 0):
            before, norm = layers[i], layers[i + 1]
            if isinstance(before, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
                layers[i] = fuse_conv_bn_eval(before, norm, transpose=isinstance(before, nn.ConvTranspose2d))
                layers[i + 1], found = nn.Identity(), found + 1
    return found


def _foldable(decoder: Decoder, size: tuple[int, int]) -> Iterator[tuple[str, nn.Conv2d]]:
    """For each level the kind of its upsampling by constants and the convolution after it; nothing for decoders without.

    Raises:
        BadInput: `size`, which the total stride does not divide.
    """
    stride = 2 ** len(decoder.upsamplings)
    for i, layer in enumerate(decoder.upsamplings if isinstance(decoder, LevelDecoder) else ()):
        if isinstance(layer, nn.Sequential) and _is_nearest(layer[0]):
            yield RESIZE, layer[1]
        elif isinstance(layer, BedOfNails) and decoder.skip == "none":
            yield BED_OF_NAILS, decoder.blocks[i][0]
        elif _is_nearest(layer) and decoder.skip == "none":
            if wrong := [value for value in size if value % stride]:
                nearest = max(round(wrong[0] / stride), 1) * stride
                raise BadInput(f"size={wrong[0]} is no multiple of {stride}; the nearest is {nearest}")
            yield NEAREST, decoder.blocks[i][0]


def _is_nearest(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Upsample) and layer.mode == "nearest"
