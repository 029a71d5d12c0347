"""A generator of random numbers for every sample, so that a sample depends on its own number only."""

import numpy as np

from ablate.data.split import SPLITS


class Key(np.random.bit_generator.ISeedSequence):
    """Gives Philox its key. `Philox(key=...)` does the same, but collects entropy first, which doubles the time of a sample."""

    def __init__(self, *words: int) -> None:
        self.words = words

    def generate_state(self, n_words: int, dtype: type = np.uint32) -> np.ndarray:
        return np.array(self.words, dtype)


def sample_generator(seed: int, split: str, index: int, use: int = 0) -> np.random.Generator:
    """Random numbers of sample `index` < 2**40 of a split; `use` < 2**16 tells several generators of one sample apart.

    Source: Philox, in Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011, section 3.3.
    """
    key = Key(seed, SPLITS.index(split) << 56 | use << 40 | index)
    return np.random.Generator(np.random.Philox(key))  # type: ignore[arg-type]
