"""What all generated data sets share: sample i depends on the seed, the split and i, and on nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ablate.data.dataset import Dataset
from ablate.data.random import sample_generator
from ablate.data.split import SPLITS
from ablate.errors import BadInput, check_choice, check_positive, check_whole

T = TypeVar("T")


@dataclass(kw_only=True, eq=False)
class GeneratedDataset(Dataset):
    """One split of data that are computed and not read from files.

    Sample i depends on (seed, split, i) and on the options, and not on order, batch, worker or device.

    Args:
        split: train, val or test. Each split has random numbers of its own.
        sizes: split -> number of samples.
        seed: seed of the data, at least 0 and below 2**64. It is not the seed of the run.

    Raises:
        BadInput: an unknown split, a size below 1, a seed out of range.
    """

    split: str
    sizes: Mapping[str, int]
    seed: int

    def __post_init__(self) -> None:
        check_choice("split", self.split, SPLITS)
        if not isinstance(self.sizes, Mapping):
            raise BadInput(f"`sizes`={self.sizes!r} must be {{train: NUMBER, val: NUMBER, test: NUMBER}}")
        check_positive(f"sizes.{self.split}", self.sizes.get(self.split))
        if check_whole("seed", self.seed, 0) >= 2**64:
            raise BadInput(f"`seed`={self.seed} must be below 2**64")

    def __len__(self) -> int:
        return self.sizes[self.split]

    def check_index(self, index: int) -> None:
        """Raise IndexError, which ends a loop over the samples, where `index` is beyond them."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")

    def generator(self, index: int, use: int = 0) -> np.random.Generator:
        """The random numbers of sample `index` for one `use`."""
        return sample_generator(self.seed, self.split, index, use)


def for_split(name: str, value: T | Mapping[str, T], split: str) -> T:
    """The value of option `name` in a split: `value` itself, or its entry where it is a mapping from splits."""
    if not isinstance(value, Mapping):
        return value
    if split not in value:
        raise BadInput(f"`{name}`={dict(value)!r} has no value for {split}")
    return value[split]
