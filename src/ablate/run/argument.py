"""Whether a value of a config is of the type that a constructor's argument is annotated with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

TYPES = {bool: (bool,), int: (int,), float: (int, float), str: (str,), NoneType: (NoneType,), Sequence: (list,), Mapping: (dict,)}
WORDS = dict(zip(TYPES, ("true or false", "a whole number", "a number", "text", "null", "a list", "a mapping")))
ALIASES = {list: Sequence, tuple: Sequence, dict: Mapping}


def wrong_types(target: Callable[..., Any], options: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    """(dotted name, value, what it must be) of each of the `options` that `target` cannot take. Only hints of plain types count."""
    inits = [vars(each).get("__init__") for each in reversed(target.__mro__[:-1])] if isinstance(target, type) else [target]
    hints = {name: hint for init in inits if init for name, hint in get_type_hints(init).items()}  # **options go to a base class
    for name, value in options.items():
        if not name.startswith("_") and name in hints:
            yield from _wrong(name, value, hints[name])


def _wrong(name: str, value: object, hint: Any) -> Iterator[tuple[str, object, str]]:
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = [_kind(each) for each in choices]
    if isinstance(value, Mapping) and "_target_" in value or not all(kind in TYPES for kind in kinds):
        return
    fitting = [each for each, kind in zip(choices, kinds) if isinstance(value, TYPES[kind])]
    if not fitting or isinstance(value, bool) and bool not in kinds:
        yield name, value, " or ".join(WORDS[kind] for kind in kinds)
    elif (args := get_args(fitting[0])) and isinstance(value, list):
        for i, each in enumerate(value):
            yield from _wrong(f"{name}.{i}", each, args[0])
    elif args and isinstance(value, Mapping):
        for key, each in value.items():
            yield from _wrong(f"{name}.{key}", each, args[1])


def _kind(hint: Any) -> Any:
    origin = get_origin(hint) or hint
    return ALIASES.get(origin, origin)
