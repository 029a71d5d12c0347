"""Pairs of random symbols and the same symbols again, in the same order or reversed."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from ablate.data.generated import check_generated, sample_generator
from ablate.data.split import draw_for_split, for_split
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput, check_positive


def symbol_pairs(
    split: str,
    *,
    sizes: Mapping[str, int],
    length: Sequence[int] | Mapping[str, Sequence[int]],
    symbols: int,
    reverse: bool,
    seed: int,
) -> list[Pair]:
    """Pairs such as ("a3 a0 a7", "a3 a0 a7"), or ("a3 a0 a7", "a7 a0 a3") where `reverse`; lengths and symbols are uniform.

    A source is in one split only: 80, 10 and 10 % of all sequences, by a hash. Pair i depends on (seed, split, i) and on the
    options, and on nothing else.

    Args:
        split: train, val or test.
        sizes: split -> number of pairs.
        length: fewest and most symbols; or split -> both, to test at lengths that training does not have.
        symbols: number of different symbols.
        reverse: whether the target is the source from its end.
        seed: seed of the data, not of the run.
    """
    check_generated(split, sizes, seed)
    check_positive("symbols", symbols)
    bounds = for_split("length", length, split)
    if not isinstance(bounds, Sequence) or len(bounds) != 2 or not 1 <= bounds[0] <= bounds[1]:
        raise BadInput(f"`length`={bounds!r} must be [fewest, most], at least 1")
    pairs = []
    for i in range(sizes[split]):
        draw = partial(_draw, sample_generator(seed, split, i), bounds, symbols)
        words = draw_for_split(split, draw, " ".join, f"`symbols`={symbols}, `length`={list(bounds)}")
        pairs.append(Pair(" ".join(words), " ".join(words[::-1] if reverse else words)))
    return pairs


def _draw(random: np.random.Generator, length: Sequence[int], symbols: int) -> list[str]:
    return [f"a{number}" for number in random.integers(0, symbols, random.integers(length[0], length[1] + 1))]
