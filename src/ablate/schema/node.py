"""A composed config against what its constructors take, in the keys that a user writes."""

import re
from collections.abc import Iterator
from typing import Any, Literal

from omegaconf import DictConfig, ListConfig, OmegaConf

from ablate.errors import BadInput, BadValue, Misfit, did_you_mean
from ablate.schema.options import Fault, faults
from ablate.schema.signature import signature

HYDRA = {"_target_": str, "_partial_": bool, "_recursive_": bool, "_convert_": Literal["none", "partial", "object", "all"]}


def check_parts(cfg: DictConfig, *parts: str) -> None:
    """Raise BadInput for the first option in the nodes `parts`, and below them, that its constructor does not take."""
    for error in misfits(cfg, *parts):
        raise error


def misfits(cfg: DictConfig, *parts: str) -> Iterator[BadInput]:
    """What is wrong with each such option; a Misfit, where these data have no such number."""
    for part in parts:
        for path, node in _nodes(part, OmegaConf.to_container(OmegaConf.select(cfg, part), resolve=True)):
            for name, value, wanted, known in _wrong(node):
                key = key_of(cfg, f"{path}.{name}") or f"{path}.{name}"
                of_data = value is None and key.startswith("data.")
                kind = Misfit if of_data else BadValue if known else BadInput
                yield kind(Fault(name, value, wanted).line(key))


def key_of(cfg: DictConfig, path: str) -> str | None:
    """The key that the user writes for a value: where a node is taken from another (`${data.image_size}`), that one's.

    None where there is no such node.
    """
    node: Any = cfg
    names = path.split(".")
    for i, name in enumerate(names):
        if isinstance(node, ListConfig):
            return path
        if not isinstance(node, DictConfig) or name not in node:
            return None
        node = node._get_node(name)
        if node._is_interpolation():
            source = re.fullmatch(r"\$\{(?:oc\.select:)?([\w.]+)(?:,[^{}]*)?\}", node._value())
            return key_of(cfg, ".".join([source[1], *names[i + 1 :]])) if source else path
    return path


def _nodes(path: str, node: object) -> Iterator[tuple[str, dict]]:
    """(path, node) of each constructor in a node."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield path, node
        for name, each in node.items():
            yield from _nodes(f"{path}.{name}", each)


def _wrong(node: dict[str, Any]) -> Iterator[Fault]:
    for name in HYDRA.keys() & node.keys():
        yield from faults(name, node[name], HYDRA[name])
    if (known := signature(node["_target_"])) is None:
        return  # another's, which Hydra looks for
    for name, value in node.items():
        if name in known.options:
            yield from faults(name, value, known.options[name])
        elif name not in HYDRA and not known.open:
            close = did_you_mean(name, known.options).split(" (one of")[0]
            yield Fault(name, value, f"is unknown: {node['_target_']} has no such argument{close}", known=False)
