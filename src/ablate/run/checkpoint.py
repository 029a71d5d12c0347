"""Checkpoint files: written whole or not at all, and read without running code."""

import os
import pickle
import warnings
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import Trainer
from torch import Tensor

from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.files import replacing
from ablate.run.folder import first_difference, flat
from ablate.run.foreign import check_resolved, plain

FORMAT = 2  # counted up when earlier checkpoints can no longer be read
PARTS = {"config": dict, "state_dict": dict, "tokenisers": dict, "overrides": list}
TRAINING = {  # what a training goes on from, too
    "epoch": int, "global_step": int, "loops": dict, "callbacks": dict, "optimizer_states": list, "lr_schedulers": list,
    "pytorch-lightning_version": str,
}  # fmt: skip


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a file beside the target and renames it: a kill leaves the old file or the new one, never a half.

    Weights that are not finite are refused, so that the last good checkpoint stays, except where a training may diverge.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str, storage_options: Any | None = None) -> None:
        if not checkpoint.get("may_diverge"):
            _check_finite(checkpoint)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(Path(path)) as file:
            torch.save({**checkpoint, "format": FORMAT}, file)
            file.flush()
            os.fsync(file.fileno())

    def load_checkpoint(self, path: str, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return read_checkpoint(path)


def _check_finite(checkpoint: dict[str, Any]) -> None:
    if name := not_finite(checkpoint.get("state_dict", {})):
        raise BadInput(
            f"{name} is not finite after step {checkpoint['global_step']}; the last good checkpoint is kept: lower "
            "optimizer.lr or task.optimisation.gradient_clip"
        )


def not_finite(weights: Mapping[str, Tensor]) -> str | None:
    """The name of the first tensor with a value that is not finite."""
    return next((name for name, value in weights.items() if not value.isfinite().all()), None)


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """A checkpoint of this project, on the CPU.

    Raises:
        BadInput: no file; a truncated or foreign one; one of an earlier version; one that lacks a part, or holds more than tensors
            and plain values, or a config with interpolations.
    """
    checkpoint = _load(path)
    if not _is_ours(checkpoint):
        raise BadInput(f"checkpoint {str(path)!r} was not written by this project: it has no config beside its weights")
    if checkpoint.get("format") != FORMAT:
        raise BadInput(f"checkpoint {str(path)!r} was written by another version of this project: train it again")
    _check_parts(checkpoint, PARTS, path)
    for name, value in checkpoint["state_dict"].items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise BadInput(f"checkpoint {str(path)!r} lacks the weight {name!r}")
    check_resolved([checkpoint["config"], checkpoint["overrides"]], str(path))
    return checkpoint


def _check_parts(checkpoint: object, parts: Mapping[str, type], path: str | Path) -> None:
    for part, kind in parts.items():
        if not isinstance(checkpoint, Mapping) or part not in checkpoint or not isinstance(checkpoint[part], kind):
            raise BadInput(f"checkpoint {str(path)!r} lacks a part: {part!r}")


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The weights in a checkpoint of this project, or in a plain state dict such as torchvision's files, on the CPU.

    Raises:
        BadInput: no file; a truncated one; a foreign one that holds anything beside weights.
    """
    content = _load(path)
    weights = content["state_dict"] if _is_ours(content) else content
    if not isinstance(weights, dict) or not weights:
        raise BadInput(f"checkpoint {str(path)!r} holds no weights")
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            held = f"{name!r}, a {type(value).__name__}"
            raise BadInput(f"checkpoint {str(path)!r} is neither this project's nor weights alone: it holds {held}")
    return weights


def _load(path: str | Path) -> Any:
    """The tensors and plain values in a file."""
    if not Path(path).is_file():
        raise BadInput(f"checkpoint {str(path)!r} is not a file")
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickle protocols: what matters is said below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = "it would run code when loaded" if "weights_only" in str(error).lower() else "it is not a checkpoint"
        raise BadInput(f"checkpoint {str(path)!r} is refused: {reason}") from error
    except Exception as error:  # what torch raises depends on where the damage is
        raise BadInput(f"checkpoint {str(path)!r} is truncated or no checkpoint") from error
    return plain(content, str(path))


def _is_ours(checkpoint: object) -> bool:
    if not isinstance(checkpoint, dict) or not {"config", "state_dict"} <= checkpoint.keys():
        return False
    config = checkpoint["config"]
    return isinstance(config, dict) and all(isinstance(config.get(part), dict) for part in ("data", "model", "task"))


def check_continues(checkpoint: dict[str, Any], trainer: Trainer, path: str | Path) -> None:
    """Raise BadInput where a checkpoint lacks a part that a training goes on from, or has a weight that is not finite."""
    _check_parts(checkpoint, TRAINING, path)
    loops = {"loops": {"fit_loop": trainer.fit_loop.state_dict()}}
    _check_parts(flat({"loops": checkpoint["loops"]}), {key: type(value) for key, value in flat(loops).items()}, path)
    for each in trainer.callbacks:
        if state := checkpoint["callbacks"].get(each.state_key):
            _check_parts(state, dict.fromkeys(each.state_dict(), object), path)
    if not checkpoint.get("may_diverge") and (name := not_finite(checkpoint["state_dict"])):
        raise BadInput(f"checkpoint {str(path)!r}: {name} is not finite")


def check_same_task(checkpoint: dict[str, Any], target: str, path: str | Path) -> None:
    """Raise BadInput where a checkpoint is of another task than the one of the class `target`."""
    trained, given = (str(name).rpartition(".")[2] for name in (checkpoint["config"]["task"].get("_target_"), target))
    if trained != given:
        raise BadInput(f"checkpoint {str(path)!r} is of another task: it holds a {trained}, not a {given}")


def check_same_model(checkpoint: dict[str, Any], config: dict, path: str | Path) -> None:
    """Raise BadInput where a checkpoint is of another task or model than `config` describes, with the first difference."""
    check_same_task(checkpoint, config["task"]["_target_"], path)
    if difference := first_difference(checkpoint["config"]["model"], config["model"], "model."):
        raise BadInput(f"checkpoint {str(path)!r} is of another model: {difference}")


def check_same_tokenisers(checkpoint: dict[str, Any], tokenisers: Mapping[str, Tokeniser], path: str | Path) -> None:
    """Raise BadInput where tokenisers differ from those of a checkpoint, with the first difference."""
    for name, old in checkpoint["tokenisers"].items():
        new = tokenisers[name].state()
        for number, (before, now) in enumerate(zip_longest(old["tokens"], new["tokens"])):
            if before != now:
                raise BadInput(f"checkpoint {str(path)!r} is of another vocabulary: token {number} was {before!r} and is {now!r}")
        if difference := first_difference(old, new):
            raise BadInput(f"checkpoint {str(path)!r} splits texts otherwise: {difference}")
