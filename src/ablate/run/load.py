"""Loading a trained network from its checkpoint; nothing but networks and tasks of this project is ever built from a file."""

from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

import torch
from omegaconf import OmegaConf

from ablate.console import console
from ablate.data.text.tokeniser import Tokeniser, Vocabulary
from ablate.errors import BadInput
from ablate.run.build import build
from ablate.run.checkpoint import not_finite, read_weights
from ablate.run.foreign import check_targets, check_trust
from ablate.schema.options import Palette, Positive, Size, check_values
from ablate.task.base import Task

# What predictions read of the data in a checkpoint's config; it is checked when the checkpoint is loaded.
DATA = {"palette": Palette | None, "class_names": Sequence[str] | None, "image_size": Size | None, "dataset": Mapping[str, Any]}
DATASET = {"max_length": Positive | None, "reverse": bool}


def load_task(checkpoint: dict[str, Any], path: str, search: dict[str, Any] | None = None, trust: object = ()) -> Task:
    """The task of a checkpoint with its weights, in evaluation mode.

    Args:
        path: of the checkpoint, for messages.
        search: the user's config of how texts are searched for, in the place of the checkpoint's.
        trust: packages of the user from which the checkpoint may name parts of its network.

    Raises:
        BadInput: the config names something else than networks and tasks, or does not fit the weights; a part is missing; a
            weight is not finite.
    """
    task = build_task(checkpoint, path, search, trust)
    try:
        task.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise BadInput(f"checkpoint {path!r} does not fit the network its config describes") from error
    if name := not_finite(task.state_dict()):
        raise BadInput(f"checkpoint {path!r}: {name} is not finite")
    task.config, task.tokenisers = checkpoint["config"], _tokenisers(checkpoint, path)
    if missing := [name for name in task.tokenised if name not in task.tokenisers]:
        raise BadInput(f"checkpoint {path!r} lacks a part: the tokeniser of its {missing[0]} texts")
    _check(task.config["data"], DATA, f"checkpoint {path!r}: data.")
    _check(task.config["data"].get("dataset", {}), DATASET, f"checkpoint {path!r}: data.dataset.")
    return task.eval()


def build_task(checkpoint: dict[str, Any], path: str, search: dict[str, Any] | None = None, trust: object = ()) -> Task:
    """The same with random weights, and without what it reads texts with."""
    config = dict(checkpoint["config"]["task"], optimisation=None)
    check_targets(config, path, check_trust(trust))
    if search is not None:
        if "search" not in config.get("model", {}):
            task = config["_target_"].rpartition(".")[2]
            raise BadInput(f"model/search is for networks that write texts, checkpoint {path!r} holds a {task}: leave it out")
        config["model"] = dict(config["model"], search=search)
        build(OmegaConf.create({"model": {"search": search}}), "model.search")  # what is wrong with it is the user's own word
    try:
        parts = OmegaConf.create({"model": config.get("model"), "task": {**config, "model": "${model}"}})  # errors name model.KEY
        task = build(parts, "task")
    except BadInput as error:
        raise type(error)(f"checkpoint {path!r} names a network that cannot be built: {error.args[0]}") from error
    except Exception as error:  # whatever a constructor makes of what somebody else has written
        raise BadInput(f"checkpoint {path!r} names a network that cannot be built: {error.__cause__ or error}") from error
    if not isinstance(task, Task):
        raise BadInput(f"checkpoint {path!r} holds a {type(task).__name__}, which is no task")
    return task


def to_device(task: Task, device: object) -> Task:
    """The task, on a device that the user names."""
    try:
        if (chosen := torch.device(str(device))).type == "meta":
            raise RuntimeError("it computes shapes only")
        return task.to(chosen)
    except (RuntimeError, AssertionError, ImportError) as error:
        raise BadInput(f"`device`={device}: {str(error).splitlines()[0]} (cpu works everywhere)") from error


def _check(options: Mapping[str, Any], hints: Mapping[str, Any], what: str) -> None:
    try:
        check_values(hints, _values(options))
    except BadInput as error:
        raise error.renamed(lambda name: f"{what}{name}") from None


def _values(options: Any) -> Any:
    """Options that are values: a mapping with `_target_`, of which a config would build anything, is a mapping as any other."""
    if isinstance(options, Mapping):
        return {key: _values(value) for key, value in options.items() if key != "_target_"}
    return [_values(value) for value in options] if isinstance(options, list) else options


def _tokenisers(checkpoint: dict[str, Any], path: str) -> dict[str, Tokeniser]:
    """The tokenisers of a checkpoint, by the kinds of texts."""
    made = {}
    for name, state in checkpoint["tokenisers"].items():
        try:
            check_values(get_type_hints(Tokeniser.__init__), state)
            check_values(get_type_hints(Vocabulary.__init__), {"tokens": state["tokens"]})
            "".join(state["tokens"]).encode()  # no halves of characters
            made[name] = Tokeniser.from_state(state)
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise BadInput(f"checkpoint {path!r} lacks a part: its tokeniser of {name} texts cannot be made: {error}") from error
    return made


def start_from_weights(task: Task) -> None:
    """Copy the weights in the file `task.encoder_weights`, or `task.initial_weights`, if it names one, into the network."""
    for key, load in (("encoder_weights", task.load_encoder), ("initial_weights", task.load_initial)):
        if (path := getattr(task, key)) is None:
            continue
        try:
            new = load(weights := read_weights(path))
            if name := not_finite(weights):
                raise BadInput(f"{name} is not finite")
        except BadInput as error:
            raise BadInput(f"`{key}`={path}: {error.args[0]}") from None
        if new:
            console.print(f"starts from {path}; new: {', '.join(new)}")
