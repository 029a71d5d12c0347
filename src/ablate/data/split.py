"""The splits of a data set. Texts without official splits are divided by a hash, so that equal texts are in one split."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import accumulate
from typing import Any, Literal, TypeVar, get_args

from ablate.errors import BadInput
from ablate.schema.options import checked

T = TypeVar("T")
Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
FRACTIONS = {"train": 0.8, "val": 0.1, "test": 0.1}
MOST_DRAWS = 1000


def hash_fraction(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, on every machine: the first 56 bits of its SHA-256."""
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:7], "big") / 2**56


def split_of(text: str, fractions: Mapping[str, float] = FRACTIONS) -> str:
    """The split of a text; `fractions` holds the share of each split, and they sum to 1."""
    *bounds, _ = accumulate(fractions.values())
    return [*fractions][bisect_right(bounds, hash_fraction(text))]


@checked
def select_split(
    items: Iterable[T], split: Split, fractions: Mapping[str, float] = FRACTIONS, key: Callable[[Any], str] = lambda item: item[0]
) -> list[T]:
    """The items of a split, by the text that `key` takes from each; by default its first field."""
    return [item for item in items if split_of(key(item), fractions) == split]


def draw_for_split(split: Split, draw: Callable[[], T], key: Callable[[T], str], what: str) -> T:
    """The first sample that `draw` makes and whose split, by the hash of its `key`, is this one: no split has one of another's.

    Raises:
        BadInput: MOST_DRAWS samples, which messages call `what`, have none of this split.
    """
    for _ in range(MOST_DRAWS):
        if split_of(key(drawn := draw())) == split:
            return drawn
    raise BadInput(f"{what}: too few different samples for a split {split} of its own (none among {MOST_DRAWS}); allow longer ones")


def for_split(name: str, value: Any, split: Split) -> Any:
    """The value of option `name` in a split: `value` itself, or its entry where it is a mapping from splits."""
    if not isinstance(value, Mapping):
        return value
    if split not in value:
        raise BadInput(f"`{name}`={dict(value)!r} has no value for {split}")
    return value[split]


class Drawn(list[T]):
    """The items of a split that was drawn, which no file says: a run writes their names down."""

    def __init__(self, items: Iterable[T], name: Callable[[T], str]) -> None:
        super().__init__(items)
        self.names = [name(item) for item in self]


def read_split(read: Callable[[Split], Sequence[T]], split: Split) -> Sequence[T]:
    """What `read` returns for a split; BadInput where that is empty."""
    if not (items := read(split)):
        raise BadInput(f"the {split} split is empty")
    return items
