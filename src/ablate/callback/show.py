"""A figure or a text where people look at it: in a file, and in TensorBoard."""

from pathlib import Path

import numpy as np
from lightning.pytorch import Trainer
from matplotlib.figure import Figure
from PIL import Image

from ablate.files import write_atomically


def show(figure: Figure, path: Path, trainer: Trainer, tag: str, step: int) -> None:
    """Save a figure, and log the very same pixels under `tag`."""
    figure.savefig(path, dpi=120)
    picture = np.asarray(Image.open(path).convert("RGB"))
    for logger in trainer.loggers:
        logger.experiment.add_image(tag, picture, step, dataformats="HWC")


def show_text(text: str, path: Path, trainer: Trainer, tag: str, step: int) -> None:
    """Save a text, and log it under `tag` as it is."""
    write_atomically(path, text + "\n")
    shown = "    " + text.replace("\n", "\n    ")  # four spaces: no Markdown
    for logger in trainer.loggers:
        logger.experiment.add_text(tag, shown, step)
