"""Composing a config from conf/, and one line with the nearest valid name for an override that Hydra refuses."""

import re
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.cli.fit import blamed, fits_experiment
from ablate.errors import BadInput, did_you_mean
from ablate.files import CONF, options
from ablate.run import folder as run_folder
from ablate.run.provenance import gpus_of, worker_environment
from ablate.schema.signature import signature

OmegaConf.register_new_resolver("run_dir", run_folder.run_dir, replace=True)
OmegaConf.register_new_resolver("swept", run_folder.swept_name, replace=True)
OmegaConf.register_new_resolver("is_class", lambda target, name: target.split(".")[-1] == name, replace=True)
OmegaConf.register_new_resolver("worker_environment", worker_environment, replace=True)
OmegaConf.register_new_resolver("gpus_of", gpus_of, replace=True)
OmegaConf.register_new_resolver("module_name", lambda target: target.split(".")[-2], replace=True)


def compose_config(name: str, overrides: Sequence[str] = (), with_hydra: bool = False) -> DictConfig:
    """conf/NAME.yaml with overrides, and with Hydra's own node where it is asked for.

    Raises:
        BadInput: an override does not fit; the message has the nearest valid name.
    """
    running = GlobalHydra.instance().is_initialized()  # the Hydra of a script, which knows its --config-dir
    with nullcontext() if running else initialize_config_dir(str(CONF), version_base="1.3"):
        try:
            return compose(name, list(overrides), return_hydra_config=with_hydra)
        except HydraException as error:
            raise BadInput(explain_override(error, name, overrides)) from error


def compose_run(name: str, folder: Path | str, overrides: Sequence[str] = ()) -> DictConfig:
    """conf/NAME.yaml as its script gets it, for a call within this process; the run's folder is `folder`."""
    cfg = compose_config(name, [*overrides, "hydra.mode=RUN"], with_hydra=True)
    cfg.hydra.runtime.output_dir = str(folder)
    HydraConfig.instance().set_config(cfg)
    with open_dict(cfg):
        del cfg.hydra
    return cfg


def explain_override(error: Exception, name: str, overrides: Sequence[str]) -> str:
    """One line for an override of conf/NAME.yaml that Hydra refused, with the nearest name that is valid."""
    text = " ".join(f"{error} {error.__cause__ or ''}".split())
    if match := re.search(r"Error parsing override '([^'=]*)'", text):
        return f"{match[1]!r} is neither KEY=VALUE nor GROUP=OPTION"
    if match := re.search(r"Missing mandatory value: (\S+)", text):
        return f"{match[1]}=VALUE is missing"
    if (match := re.search(r"Could not override '([^']+)'. No match in the defaults", text)) and match[1] in groups():
        chosen = dict(word.split("=", 1) for word in overrides if re.match("(experiment|model)=", word))
        if match[1] not in map(run_folder.override_key, overrides) and len(chosen) == 2:
            both = " and ".join(f"{group}={option}" for group, option in chosen.items())
            return f"{both} do not go together, as the experiment chooses a {match[1]}: {fits_experiment(chosen['experiment'])}"
        return f"{match[1]} is not among the groups of this config: leave the word out"
    if match := re.search(r"Multiple values for (\S+)\. To override a value use", text):
        return f"{match[1]} takes one option: leave the + out, {match[1]}=NAME"
    if match := re.search(r"BadInput raised while resolving interpolation: (.*?)( full_key: \S+.*)?$", text):
        return match[1]
    if match := re.search(r"Could not (?:override|delete) '([^'=]+)", text):
        return _unknown_key(match[1], name, overrides)
    if match := re.search(r"Could not (?:find|load) '([^']+)/([^/']+)'", text):
        return f"{match[1]}={match[2]} is unknown{did_you_mean(match[2], options(match[1]))}"
    taken = re.search(r"Error resolving interpolation '\$\{([^}]+)\}'", text)
    if taken and (blame := blamed(taken[1], overrides)):
        return blame
    if match := re.search(r"Interpolation key '([^']+)' not found full_key: ([\w.]+)", text):
        return (
            blamed(match[1], overrides)
            or f"{match[2]} is taken from {match[1]}, which is not there: are data, model and task made for each other?"
        )
    return text


def choices(overrides: Sequence[str]) -> list[str]:
    """The overrides that choose a valid option of a group, such as model/decoder=nearest."""
    pairs = [(word, *word.partition("=")[::2]) for word in overrides]
    return [word for word, group, option in pairs if option in options(group) and not group.startswith("hydra/")]


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


def _unknown_key(key: str, config_name: str, overrides: Sequence[str]) -> str:
    cfg, (parent, _, name) = compose_config(config_name, choices(overrides)), key.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else None
    taken = signature(str(node.get("_target_"))) if isinstance(node, DictConfig) else None
    if taken and name in taken.options:
        return f"the key {key!r} is not in this config, though {node._target_} takes it: +{key}=VALUE adds it"
    known = [name for name in keys(cfg) + groups() if name != key]
    siblings = [name for name in known if name.rpartition(".")[0] == parent]
    hint = did_you_mean(key, known).split(" (one of")[0] or did_you_mean(key, siblings)
    return f"the key {key!r} is unknown{hint}; --help lists the groups, --cfg job every key"
