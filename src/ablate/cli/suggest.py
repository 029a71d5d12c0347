"""What was meant: turns Hydra's refusal of an override into one line with the nearest valid name."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from ablate.errors import did_you_mean


def suggest(error: Exception, conf: Path, default: Callable[[], DictConfig], arguments: Sequence[str]) -> str:
    """`error` as one line; `arguments` are the overrides, `default()` is the config that they were to change."""
    text = " ".join(f"{error} {error.__cause__ or ''}".split())
    if match := re.search(r"Missing mandatory value: (\S+)", text):
        return f"{match[1]}=VALUE is missing"
    if (match := re.search(r"Could not override '([^']+)'. No match in the defaults", text)) and match[1] in groups(conf):
        return f"{match[1]} is no part of the options that are chosen: leave the word out"
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(match[1], conf, default())
    if match := re.search(r"Could not find '([^']+)/([^/']+)'|In '[^']*': Could not find '([^']+)/([^/']+)'", text):
        group, option = (match[1], match[2]) if match[1] else (match[3], match[4])
        return f"{group}={option} is unknown{did_you_mean(option, options(conf, group))}"
    if match := re.search(r"Interpolation key '([^']+)' not found full_key: ([\w.]+)", text):
        return f"{match[2]} is taken from {match[1]}, which is not there: are data, model and task made for each other?"
    if match := re.search(r"No match in the defaults list\)?\.? *|Could not load '([^']+)'", text):
        key = next((a.split("=")[0] for a in arguments if "=" in a and not _is_known(a, conf)), text)
        return _unknown_key(key, conf, default())
    return text


def compose_default(conf: Path, config_name: str, arguments: Sequence[str] = ()) -> DictConfig:
    """A config with the options that `arguments` choose and no other override, whatever Hydra was at before."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf), version_base="1.3"):
        return compose(config_name, [argument for argument in arguments if _is_choice(argument, conf)])


def options(conf: Path, group: str) -> list[str]:
    """Names of the options of a config group."""
    own = {path.stem for path in (conf / group).glob("*.yaml")}
    return sorted(own | {"basic", "joblib"} if group == "hydra/launcher" else own)  # the two that are plugins


def groups(conf: Path) -> list[str]:
    """Names of the config groups, such as model/decoder."""
    folders = {path.parent.relative_to(conf).as_posix() for path in conf.rglob("*.yaml")}
    return sorted(folders - {"."})


def keys(cfg: DictConfig, prefix: str = "") -> list[str]:
    """Every dotted key of a composed config, without resolving any value."""
    found = []
    for name in cfg:
        found.append(f"{prefix}{name}")
        node = cfg._get_node(name)
        if isinstance(node, DictConfig) and not (node._is_none() or node._is_missing() or node._is_interpolation()):
            found += keys(node, f"{prefix}{name}.")
    return found


def _unknown_key(key: str, conf: Path, default: DictConfig) -> str:
    known = [name for name in keys(default) + groups(conf) if name != key]
    siblings = [name for name in known if name.rpartition(".")[0] == key.rpartition(".")[0]]
    hint = did_you_mean(key, known).split(" (one of")[0] or did_you_mean(key, siblings)
    return f"the key {key!r} is unknown{hint}; --help lists the groups, --cfg job every key"


def _is_choice(argument: str, conf: Path) -> bool:
    group, _, option = argument.partition("=")
    return option in options(conf, group) and not group.startswith("hydra/")


def _is_known(argument: str, conf: Path) -> bool:
    override = OverridesParser.create().parse_override(argument)
    return (conf / override.key_or_group).is_dir()
