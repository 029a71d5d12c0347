"""Logs the confusion matrix of the test split."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from ablate.callback.log import log_figure
from ablate.figure.confusion import plot_confusion


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
