"""Black and white digits of 28×28 pixels, binarised in one of three ways."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8

from ablate.data.batch import BinaryPictureBatch
from ablate.data.dataset import Dataset
from ablate.data.generated import DataSeed, sample_generator
from ablate.data.source.mnist import SIDE, digit_pictures
from ablate.data.split import Split
from ablate.data.text.file import find_path
from ablate.errors import BadInput
from ablate.schema.options import checked

Binarisation = Literal["fixed", "sampled", "threshold"]
FILES = {"train": "binarized_mnist_train.amat", "val": "binarized_mnist_valid.amat", "test": "binarized_mnist_test.amat"}
EXPECTED = (
    "`root` should hold binarized_mnist_train.amat and the files of valid and test; MNIST's own four files need "
    "`binarisation`=sampled or threshold"
)
WHITE = 128  # least grey value of 255 that a threshold makes white
ZERO, NEWLINE = ord("0"), ord("\n")
UNKNOWN, PIXEL, BLANK = 0, 1, 2
KIND = np.full(256, UNKNOWN, np.uint8)  # of each byte of a file
KIND[[*b"01"]], KIND[[*b" \r\t\n"]] = PIXEL, BLANK


class BinarySample(NamedTuple):
    """A picture of zeros and ones, and which sample of its split it is."""

    image: UInt8[np.ndarray, "28 28"]
    index: int


class BinaryDigits(Dataset):
    """Digits whose pixels are 0 or 1. Bounds on log p(x) of different binarisations cannot be compared: they are different data.

    fixed: the files of Larochelle, with 50,000, 10,000 and 10,000 lines of 784 numbers, drawn once for all; published bounds are of
    these. sampled: a pixel of grey value g of 255 is white with the probability g/255, drawn once by (seed, split, number of the
    picture). threshold: white from 128 on. The last two read MNIST's own files, or without a `root` scikit-learn's 1,797 digits,
    see `digit_pictures`.

    Source: Larochelle and Murray 2011, The neural autoregressive distribution estimator; Salakhutdinov and Murray 2008, On the
    quantitative analysis of deep belief networks.

    Raises:
        BadInput: `fixed` without a root; a missing or damaged file.
    """

    @checked
    def __init__(self, split: Split, *, root: str | None, binarisation: Binarisation, seed: DataSeed) -> None:
        self.split, self.binarisation, self.seed = split, binarisation, seed
        if binarisation == "fixed":
            self.images = read_amat(find_path(root, FILES[split], EXPECTED))
        else:
            self.images = digit_pictures(split, root).image

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> BinarySample:
        image = self.images[index]
        if self.binarisation == "sampled":
            image = sample_generator(self.seed, self.split, index).random(image.shape, np.float32) < image / np.float32(255)
        elif self.binarisation == "threshold":
            image = image >= WHITE
        return BinarySample(image.astype(np.uint8), index)

    def collate(self, samples: Sequence[BinarySample]) -> BinaryPictureBatch:
        images, indices = zip(*samples, strict=True)
        return BinaryPictureBatch(torch.from_numpy(np.stack(images))[:, None].float(), torch.tensor(indices))


@cache
def read_amat(path: Path) -> UInt8[np.ndarray, "n 28 28"]:
    """The pictures of a file with one a line, each of 784 zeros and ones between blanks.

    Raises:
        BadInput: a file that cannot be read, a line with something else.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    if not len(data):
        raise BadInput(f"{path} is empty")
    kind, starts = KIND[data], np.append(0, np.flatnonzero(data == NEWLINE) + 1)
    pixels = kind == PIXEL
    touching = pixels[1:] & pixels[:-1]  # as in 10
    for wrong in (kind == UNKNOWN, touching):
        if wrong.any():
            line = int(np.searchsorted(starts, np.argmax(wrong), "right"))
            raise BadInput(f"{path}:{line} holds something else than zeros and ones between blanks")
    counts = np.add.reduceat(pixels, starts[starts < len(data)], dtype=np.int64)
    filled = np.flatnonzero(counts)
    if not len(filled):
        raise BadInput(f"{path} is empty")
    if len(short := filled[counts[filled] != SIDE**2]):
        raise BadInput(f"{path}:{short[0] + 1} has {counts[short[0]]} pixels, a picture has {SIDE**2}")
    return (data[pixels] - ZERO).reshape(-1, SIDE, SIDE)
