"""Checkpoint files: written whole or not at all, and read without running code."""

import os
import pickle
import re
import warnings
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from torch import Tensor

from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.run.folder import first_difference

FORMAT = 2  # counted up when earlier checkpoints can no longer be read
UNSAFE = re.compile(  # of overrides: flags, Hydra's own keys, classes, resolvers, options of a group that lie outside it
    r"^-|^[+~]*hydra\b|_target_|\$\{[^}]*:|^[+~]*(?!log_dir=)[^.=]+=.*\.\."
)


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a file beside the target and renames it: a kill leaves the old file or the new one, never a half.

    Weights that are not finite are refused, so that the last good checkpoint stays, except where a training may diverge.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str, storage_options: Any | None = None) -> None:
        if not checkpoint.get("may_diverge"):
            _check_finite(checkpoint)
        part = Path(f"{path}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save({**checkpoint, "format": FORMAT}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def load_checkpoint(self, path: str, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return read_checkpoint(path)


def _check_finite(checkpoint: dict[str, Any]) -> None:
    for name, value in checkpoint.get("state_dict", {}).items():
        if not value.isfinite().all():
            raise BadInput(
                f"{name} is not finite after step {checkpoint['global_step']}; the last good checkpoint is kept: lower "
                "optimizer.lr or task.optimisation.gradient_clip"
            )


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """A checkpoint of this project, on the CPU.

    Raises:
        BadInput: no file; a truncated or foreign one; one of an earlier version; one that holds more than tensors and plain values.
    """
    checkpoint = _load(path)
    if not _is_ours(checkpoint):
        raise BadInput(f"checkpoint {str(path)!r} was not written by this project: it has no config beside its weights")
    if checkpoint.get("format") != FORMAT:
        raise BadInput(f"checkpoint {str(path)!r} was written by an earlier version of this project: train it again")
    return checkpoint


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
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = "it would run code when loaded" if "weights_only" in str(error).lower() else "it is not a checkpoint"
        raise BadInput(f"checkpoint {str(path)!r} is refused: {reason}") from error
    except (RuntimeError, EOFError, KeyError, ValueError, OSError) as error:
        raise BadInput(f"checkpoint {str(path)!r} is truncated or no checkpoint") from error


def _is_ours(checkpoint: object) -> bool:
    if not isinstance(checkpoint, dict) or not {"config", "state_dict"} <= checkpoint.keys():
        return False
    config = checkpoint["config"]
    return isinstance(config, dict) and all(isinstance(config.get(part), dict) for part in ("data", "model", "task"))


def plain_overrides(checkpoint: dict[str, Any], path: str | Path) -> list[str]:
    """The overrides of the run that wrote a checkpoint, from which a config is composed again.

    Raises:
        BadInput: an override names a class to build, a folder of configs or a resolver, which could run code.
    """
    words = checkpoint.get("overrides", [])
    for word in words if isinstance(words, list) else [words]:
        if not isinstance(word, str) or UNSAFE.search(word):
            raise BadInput(f"checkpoint {str(path)!r} is refused: its override {word!r} could run code")
    return words


def check_same_model(checkpoint: dict[str, Any], config: dict, path: str | Path) -> None:
    """Raise BadInput where a checkpoint is of another model than `config` describes, with the first difference."""
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
