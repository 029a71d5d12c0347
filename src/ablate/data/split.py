"""Splits for what has no official ones: by a hash of each text, so that equal texts never part."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import accumulate
from typing import TypeVar

from ablate.errors import BadInput, check_choice

T = TypeVar("T", bound=tuple)
SPLITS = ("train", "val", "test")
TENTHS = {"train": 0.8, "val": 0.1, "test": 0.1}


def share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, on every machine."""
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:7], "big") / 2**56


def select(items: Iterable[T], split: str, shares: Mapping[str, float] = TENTHS) -> list[T]:
    """Of (text, …) items, those of a split; the `shares` of the splits sum to 1."""
    check_choice("split", split, shares)
    bounds = [0.0, *accumulate(shares.values())]
    bounds[-1] = 1.0  # whatever rounding made of the sum
    start, end = bounds[(position := [*shares].index(split)) : position + 2]
    return [item for item in items if start <= share(item[0]) < end]


def read_split(read: Callable[[str], Sequence[T]], split: str) -> Sequence[T]:
    """What a reader gives for a split; BadInput where that is nothing."""
    items = read(check_choice("split", split, SPLITS))
    if not items:
        raise BadInput(f"the {split} split is empty")
    return items
