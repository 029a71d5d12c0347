"""Refuses what an ablation file must not hold, in one line."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from ablate.errors import BadInput, did_you_mean


def check_keys(value: object, where: str, required: Iterable[str] = (), optional: Iterable[str] = ()) -> dict:
    """`value` as a dict with all the required keys and no unknown one."""
    required, known = tuple(required), (*required, *optional)
    if not isinstance(value, Mapping):
        raise BadInput(f"{where}={value!r} must hold keys (one of: {', '.join(sorted(known))})")
    for key in value:
        if key not in known:
            raise BadInput(f"{where}: the key {key!r} is unknown{did_you_mean(key, known)}")
    for key in required:
        if value.get(key) in (None, "", {}, []):
            raise BadInput(f"{where}: {key} is missing")
    return dict(value)


def check_mapping(value: object, where: str) -> dict[str, object]:
    """`value` as a dict whose keys are names."""
    if not isinstance(value, Mapping):
        raise BadInput(f"{where}={value!r} must be names with a value each")
    return {str(name): entry for name, entry in value.items()}


def check_overrides(value: object, where: str) -> list[str]:
    """`value` as a list of overrides."""
    if not isinstance(value, list | tuple) or not all("=" in str(entry) or str(entry)[:1] == "~" for entry in value):
        raise BadInput(f"{where}={value!r} must be a list of overrides such as [model/decoder=nearest]")
    return [str(entry) for entry in value]


def check_number(value: Any, where: str, *, positive: bool = False, negative: bool = True) -> float:
    """`value` as a finite float."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not usable or (positive and value <= 0) or (not negative and value < 0):
        wanted = "a number above 0" if positive else "a number" if negative else "a number of at least 0"
        raise BadInput(f"{where}={value!r} must be {wanted}")
    return float(value)
