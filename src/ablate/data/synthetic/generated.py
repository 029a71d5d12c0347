"""What generated problems share: sample i of a split depends on (seed, split, i) alone."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from ablate.data.random import Key
from ablate.data.sequence import Sample, SequenceDataset
from ablate.data.split import SPLITS
from ablate.errors import BadInput, check_choice, check_positive, check_whole

T = TypeVar("T")


class Generated(SequenceDataset):
    """One split of a problem whose samples are generated, all equally long. A subclass turns a stream into a sample.

    Each sample is kept once it is made.

    Args:
        split: train, val or test; each draws from streams of its own.
        sizes: split -> number of samples.
        length: steps of a sample, or split -> steps.
        max_length: more are refused.
        seed: of the data set; not the run's.

    Raises:
        BadInput: an unknown split, a size or length below what makes sense, a length beyond `max_length`.
    """

    least_length = 1

    def __init__(
        self, split: str, *, sizes: Mapping[str, int], length: int | Mapping[str, int], max_length: int, seed: int
    ) -> None:
        self.split = check_choice("split", split, SPLITS)
        self.size = check_positive(f"sizes.{split}", sizes.get(split))
        self.length = check_whole("length", by_split("length", length, split), self.least_length)
        if self.length > check_positive("max_length", max_length):
            raise BadInput(f"`length`={self.length} is beyond `max_length`={max_length}")
        if check_whole("seed", seed, 0) >= 2**64:
            raise BadInput(f"`seed`={seed} must be below 2**64")
        self.seed = seed
        self.lengths = [self.length] * self.size
        self.drawn: dict[int, Sample] = {}

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < self.size:
            raise IndexError(f"sample {index} of {self.size}")
        if index not in self.drawn:
            key = Key(self.seed, SPLITS.index(self.split) << 56 | index)
            self.drawn[index] = self.draw(np.random.Generator(np.random.Philox(key)), index)  # type: ignore[arg-type]
        return self.drawn[index]

    @abstractmethod
    def draw(self, random: np.random.Generator, index: int) -> Sample:
        """The sample that a stream of random numbers makes."""


def by_split(name: str, value: T | Mapping[str, T], split: str) -> T:
    """An option, or this split's where each has its own."""
    if not isinstance(value, Mapping):
        return value
    if split not in value:
        raise BadInput(f"`{name}`={dict(value)!r} says nothing of {split}")
    return value[split]


def check_classes(name: str, expected: int, class_names: Sequence[str]) -> None:
    """`name` says what the `expected` number of classes follows from."""
    if len(class_names) != expected:
        raise BadInput(f"`class_names` has {len(class_names)} names, but {name} makes {expected} classes")
