"""Logs validation pictures beside their predictions."""

from collections.abc import Sequence

from lightning.pytorch import LightningModule, Trainer

from ablate.callback.log import ValidationSamples, log_figure
from ablate.data.batch import SegmentationBatch
from ablate.figure.panel import reconstruction_panel, segmentation_panel


class Panel(ValidationSamples):
    """Logs input, truth, prediction and error of the same validation pictures after each validation; also panel.png."""

    def __init__(
        self, folder: str, class_names: Sequence[str], palette: Sequence[Sequence[int]], ignore_index: int, pictures: int
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
