"""Figures and texts in a run's folder and in TensorBoard; the base class of callbacks that log outputs for validation samples."""

from abc import abstractmethod
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ablate.data.batch import Batch
from ablate.files import write_atomically
from ablate.model.evaluation import evaluating
from ablate.schema.options import Whole, checked


def log_figure(figure: Figure | Image.Image, path: Path, trainer: Trainer, tag: str) -> None:
    """Save a figure or a picture with the texts of its `info`, and log the same pixels under `tag`."""
    if isinstance(figure, Figure):
        figure.savefig(path, dpi=120)
    else:
        texts = PngInfo()
        for name, text in figure.info.items():
            texts.add_text(str(name), str(text))
        figure.save(path, pnginfo=texts)
    with Image.open(path) as saved:
        pixels = np.asarray(saved.convert("RGB"))
    for logger in trainer.loggers:
        _log_image(logger, tag, pixels, trainer.global_step)


def log_text(text: str, path: Path, trainer: Trainer, tag: str) -> None:
    """Save a text, and log it under `tag`, indented by four spaces so that TensorBoard does not read it as Markdown."""
    write_atomically(path, text + "\n")
    indented = "    " + text.replace("\n", "\n    ")
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text(tag, indented, trainer.global_step)


def _log_image(logger: Logger, tag: str, pixels: np.ndarray, step: int) -> None:
    """In each of the loggers that show pictures; the others have nothing for them."""
    if isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(tag, pixels, step, dataformats="HWC")
    elif isinstance(logger, WandbLogger):
        logger.log_image(tag, [pixels], step)
    elif isinstance(logger, MLFlowLogger):
        logger.experiment.log_image(logger.run_id, pixels, f"{tag}/{step:08d}.png")


class ValidationSamples(Callback):
    """Calls `log_samples` after each validation with the same batch, in evaluation mode and without gradients.

    Args:
        folder: of the run; files go there.
        count: number of samples; 0: nothing is logged.
    """

    @checked
    def __init__(self, folder: str, count: Whole) -> None:
        self.folder, self.count = Path(folder), count
        self.batch: Batch | None = None

    @rank_zero_only
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or self.count < 1:
            return
        if self.batch is None:
            self.batch = trainer.datamodule.example_batch("val", self.count, pl_module.device)
        with torch.no_grad(), evaluating(pl_module), trainer.precision_plugin.val_step_context():
            self.log_samples(trainer, pl_module, self.batch)

    @abstractmethod
    def log_samples(self, trainer: Trainer, task: LightningModule, batch: Batch) -> None:
        """Log the task's outputs for the batch."""
