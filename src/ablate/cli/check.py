"""Checks of a composed config where a command starts: types, ranges and names of options, before torch is imported."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from math import isfinite
from numbers import Real
from typing import Annotated, Any, Literal

from omegaconf import DictConfig, ListConfig, OmegaConf

from ablate.errors import BadInput, BadValue, Misfit
from ablate.schema.node import key_of, misfits
from ablate.schema.options import SOME, AboveZero, Positive, Probability, Range, Seed, Size, Steps, Temperature, Whole, faults

PARTS = ("datamodule", "task", "callbacks", "probe", "logger", "trainer", "dataset", "explanation")  # what commands build
NAMES = {"name": str, "log_dir": str}
RUN = {**NAMES, "seed": Seed, "ckpt_path": str | None}
DATA = {  # what data have so that any network fits them: many a choice of both has no constructor that reads it
    "data.class_names": list[str] | None,
    "data.input_size": Positive | None,
    "data.num_classes": Positive | None,
    "data.max_labels": Positive | None,
    "data.max_length": Steps | None,
    "data.root": str | None,
}
COMMANDS: Mapping[str, Mapping[str, Any]] = {  # conf/NAME.yaml -> key -> what it can be
    "train": {**RUN, **DATA},
    "evaluate": {**RUN, **DATA, "checkpoint": str},
    "inspect_data": {**NAMES, **DATA, "output": str, "examples": Annotated[int, Range(0, 1000)], "faults": Whole},
    "layers": {**NAMES, "size": Size},
    "predict": {
        **NAMES,
        "checkpoint": str,
        "input": str,
        "output": str,
        "question": str | None,
        "resize": bool | None,
        "windows": Annotated[list[Probability], SOME] | None,
        "device": str,
    },
    "explain": {
        **NAMES,
        "checkpoint": str,
        "input": str,
        "output": str,
        "question": str | None,
        "target": str | None,
        "resize": bool | None,
        "device": str,
    },
    "generate": {
        **NAMES,
        "checkpoint": str,
        "output": str | None,
        "count": Annotated[int, Range(1, 10_000)],
        "prefix": str | None,
        "samples": Annotated[int, Range(1, 10_000)],
        "length": Annotated[int, Range(1, 10**6)],
        "temperature": Temperature,
        "top_k": Positive | None,
        "top_p": Probability | None,
        "seed": Seed,
        "device": str,
    },
    "export": {
        **NAMES,
        "checkpoint": str,
        "output": str,
        "fold": bool,
        "onnx": bool,
        "size": Size | None,
        "repeats": Positive,
        "seed": Seed,
    },
    "reproduce": {
        "budget": str,
        "until": Literal["decided"] | None,
        "hours": AboveZero | None,
        "pilot": bool,
        "pilot_seeds": Positive,
        "new_data": bool,
        "published": bool,
        "overrides": list[str],
        "force": bool,
        "config": str,
        "job": str,
        "metric_tags": str | None,
        **NAMES,
    },
}
TEXTS = ("name", "log_dir", "ckpt_path", "task.encoder_weights", "task.initial_weights", "hydra.run.dir", "hydra.sweep.dir",
         "data.root", "data.images", "data.masks", "data.lists", "data.val", "data.test")  # fmt: skip # or null


def text_stays_text(cfg: DictConfig) -> None:
    """Make text of what is text and looks like a number: data.root=2012 of a sweep, class_names: [0, 1] of a file."""
    for key in (*TEXTS, "data.class_names"):
        value = OmegaConf.select(cfg, key)
        if isinstance(value, ListConfig):
            OmegaConf.update(cfg, key, [str(each) if _is_number(each) else each for each in value])
        elif _is_number(value):
            OmegaConf.update(cfg, key, str(value))


def check_settings(cfg: DictConfig, command: str = "train") -> None:
    """Raise BadInput for the first option that cannot work, in a config composed from conf/COMMAND.yaml.

    What is null until the data are read, such as the size of a vocabulary, is left to `ablate.run.build`.
    """
    for key in ("job", "metric_tags") if command == "reproduce" else ():
        check_module(key, cfg[key])
    for error in wrong_values(cfg, command):
        raise error
    if "trainer" in cfg and cfg.trainer.get("max_epochs", 1) is None and cfg.trainer.get("max_steps", -1) == -1:
        raise BadInput("trainer.max_epochs=null would not end: give a number, or trainer.max_steps=N")
    if "data" in cfg:
        check_classes(cfg.data)


def wrong_values(cfg: DictConfig, command: str) -> Iterator[BadInput]:
    """What is wrong with each value by itself, in the keys of conf/COMMAND.yaml, then in what constructors take."""
    for key, hint in COMMANDS.get(command, {}).items():
        if _has(cfg, key):
            node = OmegaConf.select(cfg, key)
            value = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
            for fault in faults(key, value, hint):
                yield BadValue(fault.line(key_of(cfg, fault.name) or fault.name))
    if "paths" in cfg and OmegaConf.is_interpolation(cfg.paths, "output"):
        cfg = copy.deepcopy(cfg)
        cfg.paths.output = "."  # which only a run that has begun knows
    found = misfits(cfg, *(part for part in PARTS if part in cfg))
    yield from (error for error in found if not isinstance(error, Misfit))


def check_complete(cfg: DictConfig, command: str) -> None:
    """Raise BadInput for a key or a node of conf/COMMAND.yaml that is not in the config any more."""
    keys = [key for key in COMMANDS.get(command, {}) if "." not in key]
    nodes = (
        ("data", *(part for part in PARTS if part not in ("logger", "dataset", "explanation")))
        if command in ("train", "evaluate")
        else ()
    )
    for name in (*keys, *nodes):
        if name not in [*cfg]:  # `in` would leave out what is ???
            raise BadInput(f"{name} is missing: leave out the word that takes it away")
        if name in nodes and not isinstance(cfg._get_node(name), DictConfig):
            raise BadInput(f"{name}={cfg[name]} must be a mapping, as an option of conf/{name} is: --help lists them")


def check_module(key: str, name: object) -> None:
    """Raise BadInput for the name of a function in a module that there is not."""
    module = str(name).rpartition(".")[0]
    with suppress(ImportError, ValueError):
        if name is None or module and find_spec(module):
            return
    raise BadInput(f"{key}={name}: there is no module {module!r}; give MODULE.FUNCTION")


def check_classes(data: DictConfig) -> None:
    """Raise BadInput for classes that do not agree: their number, their names, and the label that is no class."""
    names, ignored = data.get("class_names"), data.get("ignore_index")
    if names is None:
        return
    if doubled := next((name for i, name in enumerate(names) if name in names[:i]), None):
        raise BadInput(f"data.class_names names {doubled!r} twice")
    if data.num_classes not in (None, len(names)):
        raise BadInput(
            f"data.num_classes={data.num_classes}, but data.class_names has {len(names)} names: leave data.num_classes out"
        )
    if ignored is not None and ignored < len(names):
        raise BadInput(
            f"data.ignore_index={ignored} is the class {names[ignored]!r}: name a label that is none, from {len(names)} to 255"
        )


def _has(cfg: DictConfig, key: str) -> bool:
    node, _, name = key.rpartition(".")
    parent = OmegaConf.select(cfg, node) if node else cfg
    return isinstance(parent, DictConfig) and name in parent and not OmegaConf.is_missing(parent, name)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
