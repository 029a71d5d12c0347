"""Loading a trained network from its checkpoint; nothing but networks and tasks of this project is ever built from a file."""

from pydoc import locate
from typing import Any

from hydra.errors import InstantiationException
from omegaconf import OmegaConf

from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.run.build import build
from ablate.task.base import Task

MAY_BE_BUILT = ("ablate.task.", "ablate.model.")


def load_task(checkpoint: dict[str, Any], path: str, search: dict[str, Any] | None = None) -> Task:
    """The task of a checkpoint with its weights, in evaluation mode.

    Args:
        path: of the checkpoint, for messages.
        search: the user's config of how texts are searched for, in the place of the checkpoint's.

    Raises:
        BadInput: the config names something else than networks and tasks, or does not fit the weights.
    """
    config = dict(checkpoint["config"]["task"], optimisation=None)
    _check_targets(config, path)
    if search is not None:
        if "search" not in config.get("model", {}):
            task = config["_target_"].rpartition(".")[2]
            raise BadInput(f"model/search is for networks that write texts, checkpoint {path!r} holds a {task}: leave it out")
        config["model"] = dict(config["model"], search=search)
    parts = OmegaConf.create({"model": config.get("model"), "task": {**config, "model": "${model}"}})  # errors name model.KEY
    try:
        task = build(parts, "task")
    except InstantiationException as error:
        raise BadInput(f"checkpoint {path!r} names a network that cannot be built: {error.__cause__ or error}") from error
    try:
        task.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise BadInput(f"checkpoint {path!r} does not fit the network its config describes") from error
    task.config = checkpoint["config"]
    task.tokenisers = {name: Tokeniser.from_state(state) for name, state in checkpoint["tokenisers"].items()}
    return task.eval()


def to_device(task: Task, device: str) -> Task:
    """The task, on a device that the user names."""
    try:
        return task.to(device)
    except (RuntimeError, AssertionError) as error:
        raise BadInput(f"`device`={device}: {str(error).splitlines()[0]}") from error


def _check_targets(config: object, path: str) -> None:
    """Raise BadInput where a checkpoint's config would build anything but networks and tasks."""
    if isinstance(config, dict):
        target = config.get("_target_")
        if target is not None and not _may_be_built(str(target), path):
            raise BadInput(f"checkpoint {path!r} is refused: it would run {target}")
        for value in config.values():
            _check_targets(value, path)


def _may_be_built(target: str, path: str) -> bool:
    """By its name, before anything is imported, then by where it was defined."""
    if not target.startswith(MAY_BE_BUILT):
        return False
    if (located := locate(target)) is None:
        raise BadInput(f"checkpoint {path!r} needs {target}, which this version does not have")
    return f"{located.__module__}.".startswith(MAY_BE_BUILT)
