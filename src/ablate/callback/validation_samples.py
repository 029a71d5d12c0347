"""The base class of callbacks that log a network's outputs for some validation samples."""

from abc import abstractmethod
from pathlib import Path

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from ablate.data.batch import Batch
from ablate.model.evaluation import evaluating


class ValidationSamples(Callback):
    """Calls `log_samples` after each validation with the same batch, in evaluation mode and without gradients.

    Args:
        folder: of the run; files go there.
        count: number of samples; 0: nothing is logged.
    """

    def __init__(self, folder: str, count: int) -> None:
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
