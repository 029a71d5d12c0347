"""Digits somewhere in a larger picture: one, one among clutter, or two of which the pair or the sum is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from ablate.data.batch import IGNORE, PictureBatch
from ablate.data.generated import GeneratedDataset
from ablate.data.source.mnist import SIDE, digit_pictures
from ablate.errors import BadInput
from ablate.schema.options import Range

Kind = Literal["centred", "translated", "cluttered", "pairs", "sum"]
Labels = Literal["class", "sequence"]
END = 10  # of a sequence of digits
PAIRS = list(combinations_with_replacement(range(10), 2))
PIECE = 8  # side of a piece of clutter


class PictureSample(NamedTuple):
    """A picture, its class or classes, where its digits are, and which sample of its split it is."""

    image: UInt8[np.ndarray, "h w"]
    target: int | list[int]
    place: Float32[np.ndarray, "k 2"]
    index: int


@dataclass(kw_only=True, eq=False)
class PlacedDigits(GeneratedDataset):
    """Sample i: digit i of its split, counted round and round, in a black picture; of two digits the second is drawn.

    No digit is in two splits. Two digits never overlap.

    As a sequence a sum is written in digits, and other pictures' digits are named from left to right, of which the upper one is
    first where both are as far to the left; then comes the end.

    Source: Mnih et al. 2014, section 4.1 (translated, cluttered); Ba et al. 2015, section 4.1 (pairs: 55 classes; sums: 19) and
    section 3.2 (sequences with an end, there house numbers).

    Args:
        root: folder with MNIST's files; None: the digits of scikit-learn.
        kind: centred has each digit of the split at most once, others have as many samples as `sizes` says.
        image_size: of a square; two digits need 56.
        clutter: pieces of 8×8 pixels of other digits, in cluttered pictures.
        labels: one class of a picture, or a sequence.

    Raises:
        BadInput: a picture too small for its digits; what `digit_pictures` refuses.
    """

    root: str | None
    kind: Kind
    image_size: Annotated[int, Range(28, 1024)]
    clutter: Annotated[int, Range(0, 1000)]
    labels: Labels = "class"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.digits = 2 if self.kind in ("pairs", "sum") else 1
        if self.image_size < (least := self.digits * SIDE):
            raise BadInput(f"`image_size`={self.image_size} is too small for two digits, `kind`={self.kind}: the least is {least}")
        self.images, self.digit = digit_pictures(self.split, self.root)

    def __len__(self) -> int:
        return min(super().__len__(), len(self.digit)) if self.kind == "centred" else super().__len__()

    def inferred_config(self) -> dict[str, Any]:
        names = {"pairs": [f"{a} and {b}" for a, b in PAIRS], "sum": list(map(str, range(19)))}.get(self.kind, list("0123456789"))
        if self.labels == "sequence":
            names = [*"0123456789", "end"]
        return {"num_classes": len(names), "class_names": names, "max_labels": self._max_labels}

    def make(self, index: int) -> PictureSample:
        random = self.generator(index)
        chosen = [index % len(self.digit), *random.integers(len(self.digit), size=self.digits - 1)]
        corners = self._corners(random)
        canvas = np.zeros((self.image_size, self.image_size), np.uint8)
        for _ in range(self.clutter if self.kind == "cluttered" else 0):
            y, x = random.integers(SIDE - PIECE + 1, size=2)
            piece = self.images[random.integers(len(self.images))][y : y + PIECE, x : x + PIECE]
            _draw(canvas, piece, random.integers(self.image_size - PIECE + 1, size=2))
        for i, corner in zip(chosen, corners, strict=True):
            _draw(canvas, self.images[i], corner)
        place = ((corners + SIDE / 2) / self.image_size * 2 - 1).astype(np.float32)
        digits = [int(self.digit[i]) for i in chosen]
        if self.labels == "class":
            return PictureSample(canvas, self._target(digits), place, index)
        order = np.lexsort((corners[:, 0], corners[:, 1]))
        named = [*map(int, str(sum(digits)))] if self.kind == "sum" else [digits[i] for i in order]
        ended = [*named, END, *[IGNORE] * self._max_labels][: self._max_labels]
        return PictureSample(canvas, ended, place[order], index)

    def collate(self, samples: Sequence[PictureSample]) -> PictureBatch:
        images, targets, places, indices = zip(*samples, strict=True)
        image = torch.from_numpy(np.stack(images))[:, None] / 255
        return PictureBatch(image, torch.tensor(targets), torch.from_numpy(np.stack(places)), torch.tensor(indices))

    @property
    def _max_labels(self) -> int:
        return self.digits + 1 if self.labels == "sequence" else 1

    def _target(self, digits: Sequence[int]) -> int:
        return PAIRS.index((min(digits), max(digits))) if self.kind == "pairs" else sum(digits)

    def _corners(self, random: np.random.Generator) -> np.ndarray:
        """The upper left corner of each digit; two lie beside or above each other, in either order."""
        free = self.image_size - SIDE
        if self.kind == "centred":
            return np.array([[free // 2, free // 2]])
        corners = random.integers(free + 1, size=(self.digits, 2))
        if self.digits == 2:
            apart = np.sort(random.integers(free - SIDE + 1, size=2)) + [0, SIDE]
            corners[:, random.integers(2)] = random.permutation(apart)
        return corners


def _draw(canvas: np.ndarray, picture: np.ndarray, corner: np.ndarray) -> None:
    """Where both have something, the brighter pixel is seen."""
    (y, x), (height, width) = corner, picture.shape
    window = canvas[y : y + height, x : x + width]
    np.maximum(window, picture, out=window)
