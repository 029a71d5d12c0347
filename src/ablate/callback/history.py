"""Writes the curves of a run as plain JSON, so that a report need not read event files."""

from pathlib import Path

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from ablate.files import write_json


class History(Callback):
    """history.json: `{tag: [[step, value], …]}` of every metric of each epoch; continued with the run."""

    def __init__(self, folder: str) -> None:
        self.path = Path(folder) / "history.json"
        self.curves: dict[str, list[list[float]]] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking:
            self._add(trainer, "val/")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._add(trainer, "train/")
        if trainer.is_global_zero:
            write_json(self.path, self.curves, indent=None)

    def _add(self, trainer: Trainer, split: str) -> None:
        for tag, value in trainer.callback_metrics.items():  # which also holds the values of earlier validations
            if tag.startswith(split):
                self.curves.setdefault(tag, []).append([trainer.global_step, float(value)])

    def state_dict(self) -> dict:
        return {"curves": self.curves}

    def load_state_dict(self, state_dict: dict) -> None:
        self.curves = state_dict["curves"]
