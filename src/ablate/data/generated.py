"""What all generated data sets share: sample i depends on the seed, the split and i, and on nothing else."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from ablate.data.dataset import Dataset
from ablate.data.split import SPLITS, Split, for_split
from ablate.schema.options import Range, check_fields

Sizes = Mapping[str, Annotated[int, Range(1, 10**7)]]  # split -> number of samples
DataSeed = Annotated[int, Range(0, 2**64 - 1)]  # not that of the run


class Key(np.random.bit_generator.ISeedSequence):
    """Gives Philox its key. `Philox(key=...)` does the same, but collects entropy first, which doubles the time of a sample."""

    def __init__(self, *words: int) -> None:
        self.words = words

    def generate_state(self, n_words: int, dtype: type = np.uint32) -> np.ndarray:
        return np.array(self.words, dtype)


def sample_generator(seed: int, split: Split, index: int, use: int = 0) -> np.random.Generator:
    """Random numbers of sample `index` < 2**40 of a split; `use` < 2**16 tells several generators of one sample apart.

    Source: Philox, in Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011, section 3.3.
    """
    key = Key(seed, SPLITS.index(split) << 56 | use << 40 | index)
    return np.random.Generator(np.random.Philox(key))  # type: ignore[arg-type]


@dataclass(kw_only=True, eq=False)
class GeneratedDataset(Dataset):
    """One split of data that are computed and not read from files.

    Sample i depends on (seed, split, i) and on the options, and not on order, batch, worker or device.

    Args:
        split: each has random numbers of its own.
        sizes: split -> number of samples.
        seed: seed of the data. It is not the seed of the run.

    Raises:
        BadInput: a field, of a subclass too, that is not what its annotation says; no size for the split.
    """

    split: Split
    sizes: Sizes
    seed: DataSeed

    def __post_init__(self) -> None:
        check_fields(self)
        for_split("sizes", self.sizes, self.split)  # has one
        self._samples: dict[int, Any] = {}

    def __len__(self) -> int:
        return self.sizes[self.split]

    def __getitem__(self, index: int) -> Any:
        """Sample `index`, which is kept once it is made; IndexError, which ends a loop over the samples, beyond the last one."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        if index not in self._samples:
            self._samples[index] = self.make(index)
        return self._samples[index]

    @abstractmethod
    def make(self, index: int) -> Any:
        """Sample `index`, computed anew."""

    def generator(self, index: int, use: int = 0) -> np.random.Generator:
        """The random numbers of sample `index` for one `use`."""
        return sample_generator(self.seed, self.split, index, use)
