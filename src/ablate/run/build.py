"""Objects from a config: what a constructor refuses is said in the keys that the user writes."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from inspect import signature
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hydra.errors import InstantiationException
from hydra.utils import get_object, instantiate
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf

from ablate.errors import BadInput, Misfit

TARGET, KEYS = "_partial_target_", "_keys_"  # of a node with _partial_, while it is built
TYPES = {bool: (bool,), int: (int,), float: (int, float), str: (str,), NoneType: (NoneType,), Sequence: (list,), Mapping: (dict,)}
WORDS = dict(zip(TYPES, ("true or false", "a whole number", "a number", "text", "null", "a list", "a mapping")))
ALIASES = {list: Sequence, tuple: Sequence, dict: Mapping}


class Partial:
    """A constructor that waits for its last arguments; what it refuses then is named as the user knows it.

    Args:
        func: the constructor.
        keywords: its first arguments.
        keys: argument, such as `kernel`, to the key of the config that sets it, such as `model.decoder.kernel`.
    """

    def __init__(self, func: Callable[..., Any], keywords: dict[str, Any], keys: dict[str, str]) -> None:
        signature(func).bind_partial(**keywords)  # a TypeError names what it does not have
        self.func, self.keywords, self.keys = func, keywords, keys
        self.__signature__ = signature(partial(func, **keywords))

    def __call__(self, *args: object, **missing: object) -> Any:
        try:
            return self.func(*args, **self.keywords | missing)
        except BadInput as error:
            raise error.renamed(self.keys.get) from None


def build(cfg: DictConfig, part: str, **missing: object) -> Any:
    """Instantiate the node `part`, such as "task" or "model.network", with all below it.

    Args:
        missing: arguments that no config has.

    Raises:
        BadInput: what a constructor refuses, in the keys of `cfg`; arguments that it does not have.
    """
    options = check_types(cfg, part)
    node = OmegaConf.create(_with_partial_parts(cfg, part, options), flags={"allow_objects": True})
    try:
        return instantiate(node, _convert_="all", **missing)
    except InstantiationException as error:
        found = re.search(r"full_key: (\S+)", str(error))
        path = f"{part}.{found[1]}" if found else part
        if isinstance(error.__cause__, BadInput):
            raise error.__cause__.renamed(lambda name: key_of(cfg, f"{path}.{name}")) from None
        if isinstance(error.__cause__, TypeError) and "argument" in str(error.__cause__):
            raise BadInput(f"{key_of(cfg, path)}: {error.__cause__}") from error
        if part == "trainer" and isinstance(error.__cause__, MisconfigurationException | ValueError | TypeError):
            raise BadInput(f"{part}: {error.__cause__}") from error
        raise


def check_types(cfg: DictConfig, part: str) -> Any:
    """The node `part` as plain Python.

    Raises:
        BadInput: a value of another type than the constructor of ours takes that gets it, with its key.
    """
    options = OmegaConf.to_container(OmegaConf.select(cfg, part), resolve=True)
    for path, node in _nodes(part, options):
        for name, value, wanted in wrong_types(get_object(node["_target_"]), node):
            wrong = Misfit if value is None else BadInput  # null: these data have no such number
            raise wrong(f"{key_of(cfg, f'{path}.{name}') or name}={value!r} must be {wanted}")
    return options


@contextmanager
def naming(cfg: DictConfig, *parts: str) -> Iterator[None]:
    """Within, what is refused is named by the first of the nodes `parts` that has such an argument."""
    try:
        yield
    except BadInput as error:
        keys = lambda name: next((key for part in parts if (key := key_of(cfg, f"{part}.{name}"))), None)  # noqa: E731
        raise error.renamed(keys) from None


def key_of(cfg: DictConfig, path: str) -> str | None:
    """The key that the user writes for a value: where a node is taken from another (`${data.image_size}`), that one's.

    None where there is no such node.
    """
    node: Any = cfg
    names = path.split(".")
    for i, name in enumerate(names):
        if not isinstance(node, DictConfig) or name not in node:
            return None
        node = node._get_node(name)
        if node._is_interpolation():
            source = re.fullmatch(r"\$\{(?:oc\.select:)?([\w.]+)(?:,[^{}]*)?\}", node._value())
            return key_of(cfg, ".".join([source[1], *names[i + 1 :]])) if source else path
    return path


def make_partial(*, _partial_target_: str, _keys_: list[list[str]], **options: object) -> Partial:
    """What `build` makes of a node with _partial_."""
    return Partial(get_object(_partial_target_), options, dict(_keys_))


def _with_partial_parts(cfg: DictConfig, path: str, node: object) -> object:
    """`node` with each part that has _partial_ replaced by a call of `make_partial`, with the keys of the part's arguments."""
    if isinstance(node, list):
        return [_with_partial_parts(cfg, f"{path}.{i}", each) for i, each in enumerate(node)]
    if not isinstance(node, dict):
        return node
    options = {name: _with_partial_parts(cfg, f"{path}.{name}", each) for name, each in node.items()}
    if not node.get("_partial_") or "_target_" not in node:
        return options
    del options["_partial_"]
    target = options.pop("_target_")
    keys = [[name, key] for name in _names(node) if (key := key_of(cfg, f"{path}.{name}"))]
    return {**options, "_target_": f"{__name__}.make_partial", TARGET: target, KEYS: keys}


def _nodes(path: str, node: object) -> Iterator[tuple[str, dict]]:
    """(path, node) of each constructor of ours in a node."""
    if isinstance(node, dict):
        if str(node.get("_target_", "")).startswith("ablate."):
            yield path, node
        for name, each in node.items():
            yield from _nodes(f"{path}.{name}", each)


def _names(node: dict, prefix: str = "") -> Iterator[str]:
    for name, each in node.items():
        yield f"{prefix}{name}"
        if isinstance(each, dict):
            yield from _names(each, f"{prefix}{name}.")


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
