"""Handwritten digits as sequences, row by row or pixel by pixel."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Literal

import numpy as np
import torch

from ablate.data.sequence import Sample, SequenceDataset
from ablate.data.split import SPLITS, Split
from ablate.errors import BadInput
from ablate.schema.options import Count, checked

Order = Literal["rows", "pixels"]
ORDERS: dict[Order, tuple[int, int]] = {"rows": (8, 8), "pixels": (64, 1)}  # steps, numbers a step


class Digits(SequenceDataset):
    """Each sample is a picture of 8×8 pixels in [0, 1] with one of ten classes.

    There are 1,797 pictures. Of each class 80 % are for training, 10 % for val and 10 % for the test, always the same ones.

    Source: UCI, Optical recognition of handwritten digits (its test part), as scikit-learn ships it; the reading of
    pixels one by one, and of permuted ones, is of Le, Jaitly, Hinton, A simple way to initialize recurrent networks of
    rectified linear units, 2015, section 4.2, there with MNIST.

    Args:
        order: rows (8 steps of 8 numbers) or pixels (64 steps of 1).
        permute: shuffle the pixels, in all pictures in the same way, so that neighbours in time are not neighbours in space.
        class_names: the names of the ten digits.

    Raises:
        BadInput: `permute` with rows.
    """

    @checked
    def __init__(self, split: Split, *, order: Order, permute: bool, class_names: Annotated[Sequence[str], Count(10)]) -> None:
        self.shape = ORDERS[order]
        if permute and order != "pixels":
            raise BadInput(f"`permute`=true needs `order`=pixels, not {order}")
        pixels, labels, splits = load_digits_by_split()
        chosen = np.flatnonzero(splits == SPLITS.index(split))
        pixel_order = np.random.default_rng(0).permutation(64) if permute else slice(None)
        self.inputs = torch.from_numpy(pixels[chosen][:, pixel_order]).view(-1, *self.shape)
        self.labels = torch.from_numpy(labels[chosen])
        self.lengths = [self.shape[0]] * len(chosen)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.inputs[index], self.labels[index], index)


@cache
def load_digits_by_split() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(1797, 64) pixels, classes, and the number of each picture's split."""
    from sklearn.datasets import load_digits  # takes a second

    data = load_digits()
    labels, splits = data.target.astype(np.int64), np.empty(len(data.target), np.int64)
    random = np.random.default_rng(0)
    for label in range(10):
        members = random.permutation(np.flatnonzero(labels == label))
        splits[members] = np.searchsorted([0.8, 0.9], np.arange(len(members)) / len(members), "right")
    return (data.data / 16).astype(np.float32), labels, splits
