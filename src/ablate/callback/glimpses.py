"""Logs where a network looks in pictures, and what it sees there."""

from collections.abc import Sequence
from pathlib import Path

from jaxtyping import Int
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor

from ablate.callback.log import ValidationSamples, log_figure
from ablate.data.batch import IGNORE, PictureBatch
from ablate.figure.glimpses import paths_of, plot_locations, plot_paths
from ablate.model.glimpse.base import GlimpsingModel
from ablate.task.glimpses import GlimpseTask


class GlimpsePaths(ValidationSamples):
    """Logs the path over the same pictures after each validation, with what each glimpse saw and said; also glimpses.png.

    Nothing is logged of a network that sees the whole picture.

    Args:
        folder: of the run; files go there.
        count: number of pictures; 0: nothing is logged.
    """

    def __init__(self, folder: str, class_names: Sequence[str], count: int) -> None:
        super().__init__(folder, count)
        self.class_names = class_names

    def log_samples(self, trainer: Trainer, task: GlimpseTask, batch: PictureBatch) -> None:
        if not isinstance(network := task.model, GlimpsingModel):
            return
        found = network(*task.inputs(batch))
        truth = [["" if k == IGNORE else self.class_names[k] for k in row] for row in task.labels_of(batch.target).tolist()]
        paths = paths_of(network, batch.image, found, self.class_names, truth)
        log_figure(plot_paths(paths), self.folder / "glimpses.png", trainer, "val/glimpses")


class LocationMaps(Callback):
    """Logs where in the picture each glimpse looks, over the whole validation split, after each validation; also locations.png."""

    def __init__(self, folder: str) -> None:
        self.path = Path(folder) / "locations.png"

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Lightning calls callbacks before the task, which resets its metrics.
        if trainer.sanity_checking or "locations" not in pl_module.metrics["val_"]:
            return
        scores = pl_module.metrics["val_"]["locations"]
        with scores.sync_context():
            self._log(trainer, scores.counts)

    @rank_zero_only
    def _log(self, trainer: Trainer, counts: Int[Tensor, "t rows columns"]) -> None:
        log_figure(plot_locations(counts), self.path, trainer, "val/locations")
