"""Objects from a config: what a constructor refuses is said in the keys that the user writes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from inspect import signature
from typing import Any

from hydra._internal.utils import _locate
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf

from ablate.errors import BadInput
from ablate.schema.node import check_parts, key_of

TARGET, KEYS = "_partial_target_", "_keys_"  # of a node with _partial_, while it is built


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


def build(cfg: DictConfig, part: str, kind: type = object, **missing: object) -> Any:
    """Instantiate the node `part`, such as "task" or "model.network", with all below it.

    Args:
        kind: what is to come of it.
        missing: arguments that no config has.

    Raises:
        BadInput: what a constructor refuses, in the keys of `cfg`; arguments that it does not have; a name of nothing.
    """
    if not isinstance(given := OmegaConf.select(cfg, part), DictConfig):
        raise BadInput(f"{part}={given} must be a part with _target_")
    check_parts(cfg, part)
    options = OmegaConf.to_container(given, resolve=True)
    node = OmegaConf.create(_with_partial_parts(cfg, part, options), flags={"allow_objects": True})
    try:
        made = instantiate(node, _convert_="all", **missing)
    except InstantiationException as error:
        if refusal := _refusal(cfg, part, error):
            raise refusal from error
        raise
    if not isinstance(made, kind):
        target = options.get("_target_", "missing")
        raise BadInput(f"{part} must be a {kind.__name__}, but makes a {type(made).__name__}: its _target_ is {target}")
    return made


def _refusal(cfg: DictConfig, part: str, error: InstantiationException) -> BadInput | None:
    """Why an argument, or the name of a class, does not do, in the keys of `cfg`; None for other errors."""
    found, cause = re.search(r"full_key: (\S+)", str(error)), error.__cause__
    path = f"{part}.{found[1]}" if found else part
    if isinstance(cause, BadInput):
        return cause.renamed(lambda name: key_of(cfg, f"{path}.{name}"))
    if cause is None or isinstance(cause, ImportError):
        return BadInput(f"{key_of(cfg, path)}: {cause or str(error).splitlines()[0]}")
    if isinstance(cause, TypeError | ValueError) and re.search("argument|callable|signature", str(cause)):
        return BadInput(f"{key_of(cfg, path)}: {cause}")
    if part == "trainer" and isinstance(cause, MisconfigurationException | ValueError | TypeError | RuntimeError):
        return BadInput(f"{part}: {cause}")
    return None


@contextmanager
def naming(cfg: DictConfig, *parts: str) -> Iterator[None]:
    """Within, what is refused is named by the first of the nodes `parts` that has such an argument."""
    try:
        yield
    except BadInput as error:
        keys = lambda name: next((key for part in parts if (key := key_of(cfg, f"{part}.{name}"))), None)  # noqa: E731
        raise error.renamed(keys) from None


def make_partial(*, _partial_target_: str, _keys_: list[list[str]], **options: object) -> Partial:
    """What `build` makes of a node with _partial_."""
    return Partial(_locate(_partial_target_), options, dict(_keys_))


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


def _names(node: dict, prefix: str = "") -> Iterator[str]:
    for name, each in node.items():
        yield f"{prefix}{name}"
        if isinstance(each, dict):
            yield from _names(each, f"{prefix}{name}.")
