"""Suggestions: one line with the nearest valid name for an override that Hydra refused."""

import re
from collections.abc import Callable, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from ablate.cli.fit import fits_experiment
from ablate.errors import did_you_mean
from ablate.files import CONF

LAUNCHERS = {"basic", "joblib"}  # which plugins bring along


def suggest(error: Exception, overrides: Sequence[str], default: Callable[[], DictConfig]) -> str:
    """`error` as one line.

    Args:
        overrides: those that were refused.
        default: composes the config that they were to change, with the options that they choose.
    """
    text = " ".join(f"{error} {error.__cause__ or ''}".split())
    if match := re.search(r"Missing mandatory value: (\S+)", text):
        return f"{match[1]}=VALUE is missing"
    if (match := re.search(r"Could not override '([^']+)'. No match in the defaults", text)) and match[1] in groups():
        chosen = dict(word.split("=", 1) for word in overrides if re.match("(experiment|model)=", word))
        if match[1] not in map(_key, overrides) and len(chosen) == 2:
            both = " and ".join(f"{group}={option}" for group, option in chosen.items())
            return f"{both} do not go together, as the experiment chooses a {match[1]}: {fits_experiment(chosen['experiment'])}"
        return f"{match[1]} is not among the groups of this config: leave the word out"
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(match[1], default())
    if match := re.search(r"Could not find '([^']+)/([^/']+)'", text):
        return f"{match[1]}={match[2]} is unknown{did_you_mean(match[2], options(match[1]))}"
    if match := re.search(r"Interpolation key '([^']+)' not found full_key: ([\w.]+)", text):
        return f"{match[2]} is taken from {match[1]}, which is not there: are data, model and task made for each other?"
    if match := re.search(r"No match in the defaults list\)?\.? *|Could not load '([^']+)'", text):
        return _unknown_key(next((_key(word) for word in overrides if "=" in word and not _is_group(word)), text), default())
    return text


def choices(overrides: Sequence[str]) -> list[str]:
    """The overrides that choose a valid option of a group, such as model/decoder=nearest."""
    pairs = [(word, *word.partition("=")[::2]) for word in overrides]
    return [word for word, group, option in pairs if option in options(group) and not group.startswith("hydra/")]


def options(group: str) -> list[str]:
    """Names of the options of a config group."""
    names = {path.stem for path in (CONF / group).glob("*.yaml")}
    return sorted(names | LAUNCHERS if group == "hydra/launcher" else names)


def groups() -> list[str]:
    """Names of the config groups, such as model/decoder."""
    return sorted({path.parent.relative_to(CONF).as_posix() for path in CONF.rglob("*.yaml")} - {"."})


def keys(cfg: DictConfig, prefix: str = "") -> list[str]:
    """Every dotted key of a composed config, without resolving any value."""
    names = []
    for name in cfg:
        names.append(f"{prefix}{name}")
        node = cfg._get_node(name)
        if isinstance(node, DictConfig) and not (node._is_none() or node._is_missing() or node._is_interpolation()):
            names += keys(node, f"{prefix}{name}.")
    return names


def _unknown_key(key: str, default: DictConfig) -> str:
    known = [name for name in keys(default) + groups() if name != key]
    siblings = [name for name in known if name.rpartition(".")[0] == key.rpartition(".")[0]]
    hint = did_you_mean(key, known).split(" (one of")[0] or did_you_mean(key, siblings)
    return f"the key {key!r} is unknown{hint}; --help lists the groups, --cfg job every key"


def _key(override: str) -> str:
    return override.split("=")[0]


def _is_group(override: str) -> bool:
    return (CONF / OverridesParser.create().parse_override(override).key_or_group).is_dir()
