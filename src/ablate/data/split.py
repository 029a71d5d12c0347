"""Splits for what has no official ones: by a hash of each text, so that equal texts never part."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TypeVar

from ablate.errors import check_choice

T = TypeVar("T", bound=tuple)
SPLITS = ("train", "val", "test")
TENTHS = {"train": 0.8, "val": 0.1, "test": 0.1}


def share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, on every machine."""
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:7], "big") / 2**56


def split_of(text: str, shares: Mapping[str, float] = TENTHS) -> str:
    """Which split a text belongs to; `shares` sum to 1."""
    place, last = share(text), ""
    for last, width in shares.items():
        if (place := place - width) < 0:
            break
    return last


def select(items: Iterable[T], split: str, shares: Mapping[str, float] = TENTHS) -> list[T]:
    """Of (text, …) items, those of a split."""
    check_choice("split", split, shares)
    return [item for item in items if split_of(item[0], shares) == split]
