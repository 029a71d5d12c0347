"""Logs validation pictures beside their predictions, and the confusion matrix of the test split."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from ablate.callback.log import ValidationSamples, log_figure
from ablate.data.batch import SegmentationBatch
from ablate.figure.panel import plot_confusion, reconstruction_panel, segmentation_panel
from ablate.schema.options import Byte, Palette, Whole, checked


class Panel(ValidationSamples):
    """Logs input, truth, prediction and error of the same validation pictures after each validation; also panel.png."""

    @checked
    def __init__(
        self, folder: str, class_names: Sequence[str], palette: Palette, ignore_index: Byte | None, pictures: Whole
    ) -> None:
        super().__init__(folder, pictures)
        self.class_names, self.palette, self.ignore_index = class_names, palette, ignore_index

    def log_samples(self, trainer: Trainer, task: LightningModule, batch: SegmentationBatch) -> None:
        prediction = task.step(batch).prediction
        panel = segmentation_panel(batch.image, batch.label, prediction, self.class_names, self.palette, self.ignore_index)
        log_figure(panel, self.folder / "panel.png", trainer, "val/pictures")


class ReconstructionPanel(ValidationSamples):
    """Logs the same validation pictures with their reconstructions after each validation; also panel.png."""

    def __init__(self, folder: str, pictures: int) -> None:
        super().__init__(folder, pictures)

    def log_samples(self, trainer: Trainer, task: LightningModule, batch: SegmentationBatch) -> None:
        panel = reconstruction_panel(batch.image, task.step(batch).prediction)
        log_figure(panel, self.folder / "panel.png", trainer, "val/pictures")


class ConfusionFigure(Callback):
    """Logs the test split's confusion matrix at the end of the test; also confusion.png."""

    def __init__(self, folder: str, class_names: Sequence[str]) -> None:
        self.path = Path(folder) / "confusion.png"
        self.class_names = class_names
        self.matrix: np.ndarray | None = None

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Lightning calls callbacks before the task, which resets its metrics.
        scores = pl_module.metrics["test_"]["scores"]
        with scores.sync_context():
            self.matrix = scores.confusion.cpu().numpy()

    @rank_zero_only
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        log_figure(plot_confusion(self.matrix, self.class_names), self.path, trainer, "test/confusion")
