"""Pairs of random symbols and the same symbols again, in the same order or reversed."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import numpy as np

from ablate.data.generated import DataSeed, Sizes, sample_generator
from ablate.data.split import Split, draw_for_split, for_split
from ablate.data.text.pairs import Pair
from ablate.schema.options import Count, PerSplit, Positive, Steps, checked


@checked
def symbol_pairs(
    split: Split,
    *,
    sizes: Sizes,
    length: PerSplit[Annotated[Sequence[Steps], Count(2, rising=True)]],
    symbols: Positive,
    reverse: bool,
    seed: DataSeed,
) -> list[Pair]:
    """Pairs such as ("a3 a0 a7", "a3 a0 a7"), or ("a3 a0 a7", "a7 a0 a3") where `reverse`; lengths and symbols are uniform.

    A source is in one split only: 80, 10 and 10 % of all sequences, by a hash. Pair i depends on (seed, split, i) and on the
    options, and on nothing else.

    Args:
        sizes: split -> number of pairs.
        length: fewest and most symbols; of each split where it is to be tested at lengths that training does not have.
        symbols: number of different symbols.
        reverse: whether the target is the source from its end.
        seed: seed of the data, not of the run.
    """
    bounds: Sequence[int] = for_split("length", length, split)
    pairs = []
    for i in range(for_split("sizes", sizes, split)):
        draw = partial(_draw, sample_generator(seed, split, i), bounds, symbols)
        words = draw_for_split(split, draw, " ".join, f"`symbols`={symbols}, `length`={list(bounds)}")
        pairs.append(Pair(" ".join(words), " ".join(words[::-1] if reverse else words)))
    return pairs


def _draw(random: np.random.Generator, length: Sequence[int], symbols: int) -> list[str]:
    return [f"a{number}" for number in random.integers(0, symbols, random.integers(length[0], length[1] + 1))]
