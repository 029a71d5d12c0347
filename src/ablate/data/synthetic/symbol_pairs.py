"""Random symbols, to be said again, as they come or from the last to the first."""

from collections.abc import Mapping, Sequence

from ablate.data.random import stream
from ablate.data.split import SPLITS
from ablate.data.synthetic.generated import by_split
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput, check_choice, check_positive, check_whole


def symbol_pairs(
    split: str,
    *,
    sizes: Mapping[str, int],
    length: Sequence[int] | Mapping[str, Sequence[int]],
    symbols: int,
    reverse: bool,
    seed: int,
) -> list[Pair]:
    """("a3 a0 a7", "a7 a0 a3") where `reverse`, else ("a3 a0 a7", "a3 a0 a7"); lengths and symbols uniform.

    Pair i depends on (seed, split, i) and the options alone.

    Args:
        length: fewest and most symbols, or split -> both, to test at lengths that training has not.
        symbols: how many different ones there are.
    """
    place = SPLITS.index(check_choice("split", split, SPLITS))
    count = check_positive(f"sizes.{split}", sizes.get(split))
    check_positive("symbols", symbols)
    check_whole("seed", seed, 0)
    bounds = by_split("length", length, split)
    if not isinstance(bounds, Sequence) or len(bounds) != 2 or not 1 <= bounds[0] <= bounds[1]:
        raise BadInput(f"`length`={bounds!r} must be [fewest, most], at least 1")
    pairs = []
    for i in range(count):
        random = stream(seed, place, i)
        drawn = random.integers(0, symbols, random.integers(bounds[0], bounds[1] + 1)).tolist()
        said = [f"a{each}" for each in drawn]
        pairs.append(Pair(" ".join(said), " ".join(said[::-1] if reverse else said)))
    return pairs
