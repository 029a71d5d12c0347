"""Fully convolutional segmenters and recurrent networks, ablated claim by claim."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.command.predict.predictor import Predictor


def load(path: str | Path, device: str = "cpu", trust: Sequence[str] = (), search: dict[str, Any] | None = None) -> "Predictor":
    """The network of a checkpoint: `load("best.ckpt").predict(x)`; see `ablate.command.predict.predictor`."""
    from ablate.command.predict import predictor  # torch only where a network is loaded

    return predictor.load(path, device, trust, search)
