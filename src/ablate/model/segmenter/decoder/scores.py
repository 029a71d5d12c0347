"""FCN-32s, 16s and 8s: scores of classes at several strides, upsampled class by class and added (Long et al. 2015, figure 3)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.base import Features
from ablate.model.segmenter.decoder.base import Decoder
from ablate.model.segmenter.decoder.transposed_conv import Init, TransposedConv
from ablate.model.segmenter.encoder.vgg16 import FC_KERNEL, REFERENCE_PADDING
from ablate.model.segmenter.max_pool import crop
from ablate.schema.options import AboveZero, Positive, checked

Upsampling = Literal["bilinear_fixed", "bilinear_init", "random"]


class Scores(Decoder):
    """s_S = W_S x_S + b_S for the first stride S, s_t = up(s_S) + W_t (a_t x_t) + b_t for each next one t; the map is up(s_last).

    x_S is what the encoder has at stride S: its bottom, or its pooled map, "pool4" at 16. W are 1×1 convolutions to the
    classes, `up` is a transposed convolution of kernel `overlap`·S/t and stride S/t. Strides (32,) are FCN-32s, (32, 16)
    FCN-16s, (32, 16, 8) FCN-8s; (16,) and (8,) are its single layers (Shelhamer et al. 2017, table 3).

    Args:
        channels, bottom: of the encoder's levels, and of its bottom.
        num_classes: channels of the map.
        strides: at which scores are made, coarse to fine; each a power of two. The encoder's bottom is the coarsest. None: all
            that the encoder has.
        skip: add; or none: the scores of the first stride alone, which are still upsampled stride by stride.
        scales: a_t of the strides after the first; FCN-8s at once has (.01, .0001). None: all 1.
        upsampling: bilinear_fixed, not trained, as in the authors' code; bilinear_init, trained, as in the paper but for its last
            layer; random, trained.
        overlap: kernel / stride of the transposed convolutions.
        mix: a kernel from each class to each (SegNet's table 1); False: one a class.
        zero_scores: whether W and b start at zero (section 4.3); False: as torch starts a convolution.
        before_pooling: x_t is the level's map before it is pooled, at its finer stride: FCN-Basic in SegNet's table 1.
        reference: the encoder's. fcn: transposed convolutions are not padded, and what the encoder's padding by 100 shifts is
            cropped: by 19 (32s), 5 and 27 (16s), 5, 9 and 31 pixels (8s).

    Raises:
        BadInput: strides that the encoder does not have, or that do not fall; a scale too many or too few.
    """

    makes_scores = True

    @checked
    def __init__(
        self,
        channels: Sequence[int],
        bottom: int,
        *,
        num_classes: Positive,
        strides: Sequence[Positive] | None = None,
        skip: Literal["none", "add"] = "add",
        scales: Sequence[AboveZero] | None = None,
        upsampling: Upsampling = "bilinear_init",
        overlap: Positive = 2,
        mix: bool = False,
        zero_scores: bool = True,
        before_pooling: bool = False,
        reference: Literal["fcn"] | None = None,
    ) -> None:
        super().__init__()
        self.total, self.before_pooling, self.reference = 2 ** len(channels), before_pooling, reference
        self.strides = strides = tuple(self._known() if strides is None else strides)
        self._check(scales)
        self.scales = (1.0, *(scales or (1.0,) * (len(strides) - 1)))
        self.out_channels, self.upsamplings = num_classes, nn.ModuleList()
        read = strides if skip == "add" else strides[:1]
        widths = [bottom if stride == self.total else channels[self._level(stride)] for stride in read]
        self.scores = nn.ModuleList(nn.Conv2d(width, num_classes, 1) for width in widths)
        init: Init = "default" if upsampling == "random" else "bilinear"
        self.enlargements = nn.ModuleList(
            nn.Identity()
            if a == b
            else TransposedConv(num_classes, overlap * (a // b), init, mix, factor=a // b, padded=reference is None)
            for a, b in pairwise((*strides, 1))
        )
        if upsampling == "bilinear_fixed":
            self.enlargements.requires_grad_(False)
        if zero_scores:
            for parameter in self.scores.parameters():
                nn.init.zeros_(parameter)

    def forward(self, features: Features) -> Float[Tensor, "n k h w"]:
        x = self.scores[0](self._map(features, self.strides[0]))
        start = self._first_centre(self.strides[0])
        for i, (stride, enlarge) in enumerate(zip(self.strides, self.enlargements)):
            if i:
                x = self._join(x, start, features, i)
            x = enlarge(x)
            start += self._shift(enlarge, stride)
        border = 2 * (REFERENCE_PADDING - 1) if self.reference else 0
        return _part(x, -round(start), [n - border for n in features.maps[0].shape[2:]])

    def _join(self, x: Tensor, start: float, features: Features, i: int) -> Tensor:
        """x and the scores of the i-th stride, from the pixel on where the first one of x lies, at `start` in the picture."""
        stride, skipped = self.strides[i], self._map(features, self.strides[i])
        offset = round((start - self._first_centre(stride)) / stride)
        size = [min(n, m - offset) for n, m in zip(x.shape[2:], skipped.shape[2:])]
        if i >= len(self.scores):
            return crop(x, size)
        skipped = skipped if self.scales[i] == 1 else self.scales[i] * skipped
        return crop(x, size) + _part(self.scores[i](skipped), offset, size)

    def _map(self, features: Features, stride: int) -> Tensor:
        if stride == self.total:
            return features.bottom
        return (features.maps if self.before_pooling else features.pooled)[self._level(stride)]

    def _level(self, stride: int) -> int:
        return stride.bit_length() - 1 - (not self.before_pooling)

    def _first_centre(self, stride: int) -> float:
        """Where in the picture the centre of a map's first pixel is, in pixels."""
        first = (stride - 1) / 2
        if self.reference:
            first += 1 - REFERENCE_PADDING + (FC_KERNEL // 2 * stride if stride == self.total else 0)
        return first

    @staticmethod
    def _shift(enlarge: nn.Module, stride: int) -> float:
        """By how much the centre of the first pixel moves where a map at `stride` is enlarged."""
        if isinstance(enlarge, nn.Identity):
            return 0.0
        (kernel, _), (factor, _), (padding, _) = enlarge.kernel_size, enlarge.stride, enlarge.padding
        return (padding - (kernel - 1) / 2) * stride / factor

    def _known(self) -> list[int]:
        finest = 1 if self.before_pooling else 2
        return [stride for i in range(self.total.bit_length()) if (stride := self.total >> i) >= finest]

    def _check(self, scales: Sequence[float] | None) -> None:
        for stride in self.strides:
            if stride not in (known := self._known()):
                raise BadInput(f"`strides`={list(self.strides)}: this encoder has {', '.join(map(str, known))}, not {stride}")
        if not self.strides or any(a <= b for a, b in pairwise(self.strides)):
            raise BadInput(f"`strides`={list(self.strides)} must fall, as [32, 16, 8]")
        if scales is not None and len(scales) != len(self.strides) - 1:
            raise BadInput(f"`scales`={list(scales)} must be {len(self.strides) - 1} numbers: one for each stride after the first")
        if self.reference and self.before_pooling:
            raise BadInput("`reference`=fcn reads pooled maps: it needs `before_pooling`=false")


def _part(x: Tensor, offset: int, size: Sequence[int]) -> Tensor:
    """The part of x of this size that begins at `offset` in both directions."""
    return crop(x[..., offset:, offset:] if offset else x, size)
