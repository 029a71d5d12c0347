"""Checkpoints that are whole or absent, and that cannot run code when they are read."""

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
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput

UNSAFE = re.compile(  # of overrides: flags, Hydra's own keys, classes, resolvers, options of a group that lie outside it
    r"^-|^[+~]*hydra\b|_target_|\$\{[^}]*:|^[+~]*(?!log_dir=)[^.=]+=.*\.\."
)


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames: a kill leaves the old file or the new one, never a half.

    Weights that are not finite are refused, so that the last good checkpoint stays; but for a training that may diverge.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str, storage_options: Any | None = None) -> None:
        if not checkpoint.get("may_diverge"):
            _check_finite(checkpoint)
        part = Path(f"{path}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save(checkpoint, file)
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
                "optimizer.lr or set trainer.gradient_clip_val"
            )


class LastCheckpoint(ModelCheckpoint):
    """The state at the end of each epoch, in last.ckpt: what ckpt_path=last continues from."""

    def __init__(self, dirpath: str) -> None:
        super().__init__(dirpath=dirpath, filename="last", save_on_train_epoch_end=True, enable_version_counter=False)

    @property
    def state_key(self) -> str:
        return "LastCheckpoint"


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """A checkpoint of this project, on the CPU.

    Raises:
        BadInput: no file, a truncated or foreign one, or one that holds more than tensors and plain values.
    """
    checkpoint = _load(path)
    if _is_ours(checkpoint) and "tokenisers" not in checkpoint:
        raise BadInput(f"checkpoint {str(path)!r} was written by an earlier version of this project: train it again")
    if not _is_ours(checkpoint):
        raise BadInput(f"checkpoint {str(path)!r} was not written by this project: it has no config beside its weights")
    return checkpoint


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The weights in a checkpoint of this project, or in a plain state dict such as torchvision's files, on the CPU.

    Raises:
        BadInput: as `read_checkpoint`, or a foreign file that holds anything beside weights.
    """
    found = _load(path)
    weights = found["state_dict"] if _is_ours(found) else found
    if not isinstance(weights, dict) or not weights:
        raise BadInput(f"checkpoint {str(path)!r} holds no weights")
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            held = f"{name!r}, a {type(value).__name__}"
            raise BadInput(f"checkpoint {str(path)!r} is neither this project's nor weights alone: it holds {held}")
    return weights


def _load(path: str | Path) -> object:
    """What is in a file, as long as it is tensors and plain values."""
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
        BadInput: one that names a class to build, a folder of configs or a resolver; it could run code.
    """
    words = checkpoint.get("overrides", [])
    for word in words if isinstance(words, list) else [words]:
        if not isinstance(word, str) or UNSAFE.search(word):
            raise BadInput(f"checkpoint {str(path)!r} is refused: its override {word!r} could run code")
    return words


def check_same_model(checkpoint: dict[str, Any], config: dict, path: str | Path) -> None:
    """Refuse to continue from the checkpoint of another model, naming the first difference."""
    old, new = _flat(checkpoint["config"]["model"]), _flat(config["model"])
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            raise BadInput(
                f"checkpoint {str(path)!r} is of another model: model.{key} was {old.get(key)!r} and is {new.get(key)!r}"
            )


def check_same_tokenisers(checkpoint: dict[str, Any], tokenisers: Mapping[str, Tokeniser], path: str | Path) -> None:
    """Refuse to continue where a text has other numbers than before, naming the first difference."""
    for name, state in checkpoint["tokenisers"].items():
        old, new = Tokeniser.from_state(state).state(), tokenisers[name].state()
        for number, pair in enumerate(zip_longest(old.pop("tokens"), new.pop("tokens"))):
            if pair[0] != pair[1]:
                raise BadInput(
                    f"checkpoint {str(path)!r} is of another vocabulary: token {number} was {pair[0]!r} and is {pair[1]!r}"
                )
        if old != new:
            raise BadInput(f"checkpoint {str(path)!r} splits texts otherwise: it was {old} and is {new}")


def _flat(tree: dict, prefix: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
