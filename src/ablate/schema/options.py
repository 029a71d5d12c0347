"""Types and ranges of options. An option has them once: in the annotation of the constructor's argument that it sets.

`width: Positive = 16` is checked twice without another word: before torch is imported, where a command starts, by reading the
source (`ablate.schema.signature`), and by `checked` where Python calls the constructor.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import inf, isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, ParamSpec, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from ablate.errors import BadInput, did_you_mean

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
MUST = "must be "
TOO_LARGE = 10**18  # as a whole number, which torch keeps in 64 bits
MANY = 10**9  # a whole number of which there is no sensible limit stays below what a computer counts and keeps


@dataclass(frozen=True)
class Range:
    """Numbers from `least` to `most`; a bound that is `open` is not one of them, nor an even number where they are `odd`."""

    least: float = -inf
    most: float = inf
    open: Literal["", "least", "most"] = ""
    odd: bool = False

    def __contains__(self, value: float) -> bool:
        if self.odd and not value % 2:
            return False
        low = value > self.least if self.open == "least" else value >= self.least
        return low and (value < self.most if self.open == "most" else value <= self.most)

    def words(self, value: float) -> str:
        """`"of at least 1"`; an upper limit that is `MANY` is named only to a `value` above it."""
        low = f"{'above' if self.open == 'least' else 'of at least'} {self.least:,}"
        high = f"{'below' if self.open == 'most' else 'at most'} {self.most:,}"
        if self.most == inf or self.most == MANY and not value > self.most:
            return "" if self.least == -inf else low
        both = f"{low} and {high}" if self.open else f"between {self.least:,} and {self.most:,}"
        return high if self.least == -inf or self.most == MANY else both


@dataclass(frozen=True)
class Count:
    """A list of so many items, or of `more`; where it is `rising`, none is below the one before."""

    items: int
    more: bool = False
    rising: bool = False

    def fits(self, items: int) -> bool:
        return items == self.items or self.more and items > self.items

    def __str__(self) -> str:
        return f"of {self.items}{' or more' if self.more else ''}{' in rising order' if self.rising else ''}"


Whole = Annotated[int, Range(0, MANY)]
Positive = Annotated[int, Range(1, MANY)]
Odd = Annotated[int, Range(1, MANY, odd=True)]  # kernels that leave a map its size
Layers = Annotated[int, Range(1, 1000)]  # what is built one by one
Repeats = Annotated[int, Range(0, 1000)]  # the same, where there may be none
Width = Annotated[int, Range(1, 2**16)]  # channels, units
Number = Annotated[float, Range()]
NotNegative = Annotated[float, Range(0)]
AboveZero = Annotated[float, Range(0, open="least")]
Temperature = Annotated[float, Range(1e-30, 1e30)]  # by which logits are divided in float32
Fraction = Annotated[float, Range(0, 1)]  # from 0 to 1
ProperFraction = Annotated[float, Range(0, 1, open="most")]  # at least 0 and below 1
Probability = Annotated[float, Range(0, 1, open="least")]  # above 0
Seed = Annotated[int, Range(0, 2**32 - 1)]
Side = Annotated[int, Range(1, 2**14)]  # of a picture, in pixels
Size = Side | Annotated[Sequence[Side], Count(2)]  # one number for a square, or [height, width]
Steps = Annotated[int, Range(1, 10**6)]  # of a sequence
PerSplit: TypeAlias = T | Mapping[str, T]  # for every split, or split -> its own
Byte = Annotated[int, Range(0, 255)]
Palette = Sequence[Annotated[Sequence[Byte], Count(3)]]  # a colour for each class: red, green, blue


SOME = Count(1, more=True)


class Part:
    """Anything that a config builds: a mapping with `_target_`."""


class Fault(NamedTuple):
    """A value that an option cannot have."""

    name: str  # dotted: an item of a list is `size.1`
    value: object
    wanted: str
    known: bool = True  # whether there is such an option

    def line(self, key: str) -> str:
        """`"model.encoder.width=0 must be a whole number of at least 1"`."""
        return f"{key}={self.value!r} {self.wanted}"


TYPES = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    str: (str,),
    NoneType: (NoneType,),
    Sequence: (list, tuple),
    Mapping: (Mapping,),
}
TYPES |= {Path: (str, Path), timedelta: (Mapping,), Part: (Mapping,)}
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", NoneType: "null", Sequence: "a list"}
WORDS |= {Mapping: "a mapping", Path: "a path", timedelta: "a mapping", Part: "a part with _target_"}
ALIASES = {list: Sequence, tuple: Sequence, set: Sequence, dict: Mapping}


def faults(name: str, value: object, hint: Any) -> Iterator[Fault]:
    """What is wrong with a value, of which YAML made plain Python; nothing where the hint says nothing about it."""
    choices = _choices(hint)
    if isinstance(value, Mapping) and "_target_" in value or any(_kind(each) is Any for each in choices):
        return
    tried = [list(_of_kind(name, value, each)) for each in choices if _is_of_kind(value, _kind(each))]
    if not tried:
        yield Fault(name, value, f"{MUST}{' or '.join(dict.fromkeys(_words(each, value) for each in choices))}")
    elif all(tried):
        of_all = [each for found in tried for each in found if each.name == name and each.wanted.startswith(MUST)]
        inner = next((found for found in tried if found[0].name != name), None)
        words = " or ".join(dict.fromkeys(each.wanted.removeprefix(MUST) for each in of_all))
        yield from inner or ([Fault(name, value, MUST + words)] if of_all else tried[0])


def height_width(size: Size) -> tuple[int, int]:
    """Both sides of a picture."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, such as a constructor, which raises BadInput where an argument is not what its annotation says.

    It looks only at annotations with a range, a count or literals; of other types it is Python that complains.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> R:
        check_values(_ranged(function), signature.bind_partial(*args, **options).arguments)
        return function(*args, **options)

    return call


def check_fields(instance: object) -> None:
    """Raise BadInput where a field of a dataclass is not what its annotation says."""
    kind: Callable[..., Any] = type(instance)
    check_values(_ranged(kind), vars(instance))


def check_values(hints: Mapping[str, Any], values: Mapping[str, object]) -> None:
    """Raise BadInput for the first of the `values` that is not what its hint says."""
    for name, hint in hints.items():
        if name in values:
            for fault in faults(name, values[name], hint):
                raise BadInput(fault.line(f"`{fault.name}`"))


@functools.cache
def _ranged(annotated: Callable[..., Any]) -> dict[str, Any]:
    hints = get_type_hints(annotated, include_extras=True)
    return {name: hint for name, hint in hints.items() if _says_more(hint)}


def _says_more(hint: Any) -> bool:
    return get_origin(hint) in (Annotated, Literal) or any(map(_says_more, get_args(hint)))


def _choices(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) not in (Union, UnionType):
        return (hint,)
    return tuple(choice for each in get_args(hint) for choice in _choices(each))


def _bare(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A hint and what is annotated to it."""
    return (get_args(hint)[0], hint.__metadata__) if get_origin(hint) is Annotated else (hint, ())


def _kind(hint: Any) -> Any:
    bare = _bare(hint)[0]
    origin = get_origin(bare) or bare
    origin = ALIASES.get(origin, origin)
    return origin if origin in TYPES or origin in (Any, Literal) else Any if isinstance(bare, TypeVar) else Part


def _is_of_kind(value: object, kind: Any) -> bool:
    if isinstance(value, bool):
        return kind in (bool, Literal)
    return kind is Literal or isinstance(value, TYPES[kind])


def _of_kind(name: str, value: Any, hint: Any) -> Iterator[Fault]:
    """What is wrong with a value of the right kind."""
    (bare, extras), kind = _bare(hint), _kind(hint)
    wrong = Fault(name, value, f"{MUST}{_words(hint, value)}")
    if kind is Literal:
        if not any(value == each and type(value) is type(each) for each in get_args(bare)):
            yield wrong._replace(wanted=f"is unknown{did_you_mean(_yaml(value), map(_yaml, get_args(bare)))}")
    elif kind in (int, float):
        ranges = [each for each in extras if isinstance(each, Range)]
        if kind is float and isinstance(value, int) and abs(value) >= TOO_LARGE:
            yield wrong._replace(wanted=f"{MUST}below {TOO_LARGE:.0e}")
        elif not isfinite(value) or any(value not in each for each in ranges):
            yield wrong
    elif kind is Part:
        yield wrong
    elif kind is Sequence and isinstance(value, Sequence):
        yield from _items(name, value, bare, extras, wrong)
    elif kind is Mapping and get_args(bare):
        for key, each in value.items():
            yield from faults(f"{name}.{key}", each, get_args(bare)[1])


def _items(name: str, value: Sequence, bare: Any, extras: tuple[Any, ...], wrong: Fault) -> Iterator[Fault]:
    counts = [each for each in extras if isinstance(each, Count)]
    if not all(each.fits(len(value)) for each in counts):
        yield wrong
        return
    hints = [each for each in get_args(bare) if each is not Ellipsis]
    found = [each for i, item in enumerate(value) if hints for each in faults(f"{name}.{i}", item, hints[min(i, len(hints) - 1)])]
    yield from found
    if not found and any(each.rising for each in counts) and any(a > b for a, b in pairwise(value)):
        yield wrong


def _words(hint: Any, value: object) -> str:
    """`"a whole number of at least 1"`."""
    (bare, extras), kind = _bare(hint), _kind(hint)
    if kind is Literal:
        return " or ".join(map(_yaml, get_args(bare)))
    words = WORDS[kind]
    for each in extras:
        if isinstance(each, Count):
            words = f"{words} {each}"
        elif isinstance(each, Range):
            number = value if isinstance(value, int | float) else 0
            words = f"{words.replace('a whole', 'an odd whole') if each.odd else words} {each.words(number)}".strip()
            words += f", as {number - 1} or {number + 1}" if each.odd and number > 0 and not number % 2 else ""
    return f"a finite {words[2:]}" if kind is float and isinstance(value, float) and not isfinite(value) else words


def _yaml(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
