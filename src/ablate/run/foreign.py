"""What a checkpoint may hold, name and override. It may come from somebody else, so that nothing in it runs code.

It holds tensors and plain values. Its config names networks and tasks of this project, or of packages that the user trusts. Its
overrides choose data, model and task by plain values.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from inspect import get_annotations
from itertools import chain
from types import FunctionType, NoneType
from typing import Any, get_args, get_type_hints

import torch
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.text.decoding.base import Search

OURS = ("ablate.model", "ablate.task")
MADE = (nn.Module, Search)  # what a name of ours is a class of, or a function that returns one
PLAIN = (str, int, float, bool, NoneType)
DEEPEST, MOST = 32, 10_000_000  # containers in each other; values
TAKEN = ("data", "model", "task", "experiment", "seed")  # what overrides may set; an experiment chooses the first three
OPTION = re.compile(r"[\w-]+([./][\w-]+)*")  # of a group: a name, no path


def plain(value: object, path: str) -> Any:
    """A copy made of dict, list, tuple, numbers, texts and strided tensors on the CPU, whatever classes the original has.

    Raises:
        BadInput: it holds something else, or is too deep or too large.
    """
    return _plain(value, path, DEEPEST, iter(range(MOST)))


def _plain(value: Any, path: str, depth: int, left: Iterator[int]) -> Any:
    if not depth or next(left, None) is None:
        raise BadInput(f"checkpoint {path!r} is refused: it is nested more than {DEEPEST} deep or holds more than {MOST:,} values")
    if type(value) in PLAIN:
        return value
    if isinstance(value, dict):
        if odd := [key for key in dict.keys(value) if type(key) not in (str, int)]:
            raise BadInput(f"checkpoint {path!r} is refused: {odd[0]!r} is no name of a value")
        return {key: _plain(each, path, depth - 1, left) for key, each in dict.items(value)}
    if isinstance(value, list | tuple):
        return (list if isinstance(value, list) else tuple)(_plain(each, path, depth - 1, left) for each in value)
    if isinstance(value, Tensor) and value.layout is torch.strided and value.device.type == "cpu" and not value.is_quantized:
        return Tensor.detach(value)
    raise BadInput(f"checkpoint {path!r} is refused: it holds a {type(value).__name__}, neither numbers nor text")


def check_resolved(value: object, path: str) -> None:
    """Raise BadInput where a text in a plain value has an interpolation, which could call a resolver."""
    if isinstance(value, str) and "${" in value:
        raise BadInput(f"checkpoint {path!r} is refused: {value!r} is no plain text and could run code")
    if isinstance(value, Mapping):
        value = [*chain.from_iterable(value.items())]
    if isinstance(value, list | tuple):
        for each in value:
            check_resolved(each, path)


def check_targets(config: object, path: str, trust: Sequence[str] = ()) -> None:
    """Raise BadInput where a plain config would build anything but networks and tasks.

    Args:
        path: of the checkpoint, for messages.
        trust: packages of the user, whose classes and functions may be named, too.
    """
    if isinstance(config, Mapping):
        for key, value in config.items():
            if key == "_target_":
                _check_target(value, path, trust)
            elif str(key).startswith("_") and (key != "_partial_" or not isinstance(value, bool)):
                raise BadInput(f"checkpoint {path!r} is refused: its key {key!r} could run code")
            check_targets(value, path, trust)
    elif isinstance(config, list | tuple):
        for each in config:
            check_targets(each, path, trust)


def _check_target(name: object, path: str, trust: Sequence[str]) -> None:
    """By its name, before anything is imported, then by what it is and where it was defined."""
    packages = tuple(f"{package}." for package in (*OURS, *trust))
    if isinstance(name, str) and name.startswith(packages) and all(map(str.isidentifier, name.split("."))):
        module, _, attribute = name.rpartition(".")
        try:
            found = vars(import_module(module))[attribute]
        except (ImportError, KeyError) as error:
            raise BadInput(f"checkpoint {path!r} needs {name}, which this version does not have") from error
        inside = isinstance(found, type | FunctionType) and attribute[0] != "_" and f"{found.__module__}.".startswith(packages)
        if inside and (not found.__module__.startswith("ablate.") or _makes_networks(found)):
            return
    raise BadInput(f"checkpoint {path!r} is refused: it would run {name!r} (allow a package of your own by trust=[PACKAGE])")


def _makes_networks(found: type | FunctionType) -> bool:
    """Whether it is a class of networks, or a function that returns them; one without annotations, as users write, may do so."""
    if isinstance(found, type):
        return issubclass(found, MADE)
    if "return" not in get_annotations(found):
        return True
    made = get_type_hints(found)["return"]
    return all(isinstance(each, type) and issubclass(each, (*MADE, NoneType)) for each in get_args(made) or (made,))


def check_trust(packages: object) -> list[str]:
    """The names of packages that the user trusts; BadInput for anything but a list of names."""
    names = [str(name) for name in packages] if isinstance(packages, Sequence) and not isinstance(packages, str) else [""]
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise BadInput(f"trust={packages} must be a list of packages, such as trust=[mylab]")
    return names


def plain_overrides(words: Sequence[object], path: str) -> list[str]:
    """Those of the overrides of a checkpoint's run that choose data, model and task; the others are left out.

    Raises:
        BadInput: an override names a class to build, a file or a folder of configs, a sweep or a resolver, which could run code.
    """
    return [str(word) for word in words if _is_taken(word, path)]


def _is_taken(word: object, path: str) -> bool:
    try:
        override = OverridesParser.create().parse_override(word if isinstance(word, str) else "")
    except (HydraException, RecursionError):
        override = None
    if override is None or not _is_harmless(override):
        raise BadInput(f"checkpoint {path!r} is refused: its override {word!r} could run code")
    return re.split("[./]", override.key_or_group)[0] in TAKEN


def _is_harmless(override: Override) -> bool:
    group, parts, value = "." not in override.key_or_group, re.split("[./]", override.key_or_group), override.value()
    if override.package is not None or override.is_sweep_override() or parts[0] == "hydra" or "_" in (p[:1] for p in parts):
        return False
    if group and parts[0] in TAKEN and parts != ["seed"]:
        names = value if isinstance(value, list) else [value]
        return all(name is None or OPTION.fullmatch(str(name)) for name in names)
    return _is_plain(value)


def _is_plain(value: object) -> bool:
    """No interpolation, and no key of Hydra's own."""
    if isinstance(value, dict):
        return all(_is_plain(key) and not str(key).startswith("_") and _is_plain(each) for key, each in value.items())
    return all(map(_is_plain, value)) if isinstance(value, list) else "${" not in str(value)
