"""What all generated data sets share: sample i depends on the seed, the split and i, and on nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ablate.data.dataset import Dataset
from ablate.data.random import sample_generator
from ablate.data.split import SPLITS
from ablate.errors import BadInput, check_choice, check_positive, check_whole


def check_generated(split: str, sizes: Mapping[str, int], seed: int) -> None:
    """Raise BadInput unless the split is known, its size is at least 1, and 0 ≤ seed < 2**64."""
    check_choice("split", split, SPLITS)
    if not isinstance(sizes, Mapping):
        raise BadInput(f"`sizes`={sizes!r} must be {{train: NUMBER, val: NUMBER, test: NUMBER}}")
    check_positive(f"sizes.{split}", sizes.get(split))
    if check_whole("seed", seed, 0) >= 2**64:
        raise BadInput(f"`seed`={seed} must be below 2**64")


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
        check_generated(self.split, self.sizes, self.seed)

    def __len__(self) -> int:
        return self.sizes[self.split]

    def check_index(self, index: int) -> None:
        """Raise IndexError, which ends a loop over the samples, where `index` is beyond them."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")

    def generator(self, index: int, use: int = 0) -> np.random.Generator:
        """The random numbers of sample `index` for one `use`."""
        return sample_generator(self.seed, self.split, index, use)
