"""The curves of a run as plain JSON, for reports that do not want to read event files."""

from pathlib import Path

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from ablate.run_folder import write_json


class History(Callback):
    """history.json: `{tag: [[step, value], …]}` of every metric of each epoch; continued with the run."""

    def __init__(self, folder: str) -> None:
        self.path = Path(folder) / "history.json"
        self.curves: dict[str, list[list[float]]] = {}

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        for tag, value in trainer.callback_metrics.items():
            points = self.curves.setdefault(tag, [])
            if not points or points[-1][0] != trainer.global_step:
                points.append([trainer.global_step, float(value)])
        if trainer.is_global_zero:
            write_json(self.path, self.curves, indent=None)

    def state_dict(self) -> dict:
        return {"curves": self.curves}

    def load_state_dict(self, state_dict: dict) -> None:
        self.curves = state_dict["curves"]
