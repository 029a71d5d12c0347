"""Handwritten digits of 28×28 pixels: MNIST from its files, or those of scikit-learn, enlarged."""

import gzip
import zlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8
from PIL import Image

from ablate.data.source.digits import load_digits_by_split
from ablate.data.split import SPLITS, Split
from ablate.data.text.file import find_path
from ablate.errors import BadInput

SIDE, BODY = 28, 20  # of a picture; of the square within it that a digit fills
HELD_OUT = 5_000  # of the 60,000 training pictures, the last ones, are for val
FOLDERS = ("", "MNIST/raw/")  # of `root`; the second is torchvision's
EXPECTED = "`root` should hold the four files of MNIST, such as train-images-idx3-ubyte.gz, or MNIST/raw with them"


class Pictures(NamedTuple):
    """Digits, white on black, and which they are."""

    image: UInt8[np.ndarray, "n 28 28"]
    label: Int64[np.ndarray, " n"]


@cache
def digit_pictures(split: Split, root: str | None) -> Pictures:
    """The digits of a split: of MNIST 55,000, 5,000 and 10,000; without a `root` scikit-learn's 1,797, see `Digits`.

    Source: LeCun, Bottou, Bengio, Haffner 1998, section III.A. As in MNIST, the enlarged ones fill 20×20 of the pixels.

    Raises:
        BadInput: a missing or damaged file.
    """
    if root is None:
        return _enlarged(split)
    part = "t10k" if split == "test" else "train"
    images, labels = read_idx(_find(root, f"{part}-images-idx3-ubyte"), 3), read_idx(_find(root, f"{part}-labels-idx1-ubyte"), 1)
    if len(images) != len(labels) or images.shape[1:] != (SIDE, SIDE) or len(images) <= HELD_OUT or labels.max() > 9:
        raise BadInput(f"`root`={root}: {part} has {len(labels)} labels and pictures of shape {images.shape}, which is not MNIST")
    chosen = {"train": slice(None, -HELD_OUT), "val": slice(-HELD_OUT, None), "test": slice(None)}[split]
    return Pictures(images[chosen], labels[chosen].astype(np.int64))


def read_idx(path: Path, axes: int) -> UInt8[np.ndarray, "..."]:
    """The bytes of an IDX file with so many axes: 0, 0, 8, axes, the size of each in four bytes, then the bytes.

    Raises:
        BadInput: a file that is none.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path} is damaged: {error}") from None
    head = 4 + 4 * axes
    shape = np.frombuffer(data[4:head], ">u4").tolist()
    if data[:4] != bytes([0, 0, 8, axes]) or len(data) != head + np.prod(shape, dtype=int):
        raise BadInput(f"{path} is no whole IDX file of bytes with {axes} axes")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)


def _find(root: str, name: str) -> Path:
    there = (Path(root).expanduser() / folder / f"{name}{suffix}" for folder in FOLDERS for suffix in ("", ".gz"))
    return next((path for path in there if path.exists()), None) or find_path(root, f"{name}.gz", EXPECTED)


def _enlarged(split: Split) -> Pictures:
    pixels, labels, splits = load_digits_by_split()
    chosen = np.flatnonzero(splits == SPLITS.index(split))
    images, edge = np.zeros((len(chosen), SIDE, SIDE), np.uint8), (SIDE - BODY) // 2
    for image, small in zip(images, pixels[chosen].reshape(-1, 8, 8), strict=True):
        large = Image.fromarray(np.uint8(small * 255)).resize((BODY, BODY), Image.Resampling.BICUBIC)
        image[edge:-edge, edge:-edge] = np.asarray(large)
    return Pictures(images, labels[chosen])
