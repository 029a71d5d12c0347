"""Figures and texts in a run's folder and in TensorBoard."""

from pathlib import Path

import numpy as np
from lightning.pytorch import Trainer
from matplotlib.figure import Figure
from PIL import Image

from ablate.files import write_atomically


def log_figure(figure: Figure | Image.Image, path: Path, trainer: Trainer, tag: str) -> None:
    """Save a figure or a picture, and log the same pixels under `tag`."""
    if isinstance(figure, Figure):
        figure.savefig(path, dpi=120)
    else:
        figure.save(path)
    with Image.open(path) as saved:
        pixels = np.asarray(saved.convert("RGB"))
    for logger in trainer.loggers:
        logger.experiment.add_image(tag, pixels, trainer.global_step, dataformats="HWC")


def log_text(text: str, path: Path, trainer: Trainer, tag: str) -> None:
    """Save a text, and log it under `tag`, indented by four spaces so that TensorBoard does not read it as Markdown."""
    write_atomically(path, text + "\n")
    indented = "    " + text.replace("\n", "\n    ")
    for logger in trainer.loggers:
        logger.experiment.add_text(tag, indented, trainer.global_step)
