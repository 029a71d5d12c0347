"""The same pictures each time, drawn again by an autoencoder, with a part enlarged."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from PIL import Image
from torch import Tensor

from ablate.callback.panel import sheet_of

COLUMNS = ("input", "reconstruction", "its middle", "error x 4")  # the font has no ×


def draw_reconstructions(image: Float[Tensor, "b 3 h w"], output: Float[Tensor, "b 3 h w"]) -> Image.Image:
    """A row a picture: it, its reconstruction, the middle third of that enlarged, four times their difference around grey."""
    height, width = image.shape[2:]
    rows = []
    for picture, drawn in zip(image, output, strict=True):
        middle = drawn[:, height // 3 : height - height // 3, width // 3 : width - width // 3]
        rows.append([_pixels(each) for each in (picture, drawn, middle, 0.5 + 4 * (drawn - picture))])
    scale = max(1, 128 // max(height, width))
    return sheet_of(rows, COLUMNS, width * scale, height * scale)


def _pixels(picture: Float[Tensor, "3 h w"]) -> np.ndarray:
    return (picture.float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()


class Reconstructions(Callback):
    """Draws some pictures of the validation split after each validation, into TensorBoard and panel.png."""

    def __init__(self, folder: str, pictures: int) -> None:
        self.path, self.pictures = Path(folder) / "panel.png", pictures
        self.batch = None

    @rank_zero_only
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or self.pictures < 1:
            return
        if self.batch is None:
            self.batch = trainer.datamodule.some("val", self.pictures, pl_module.device)
        with torch.no_grad(), trainer.precision_plugin.val_step_context():
            output = pl_module.step(self.batch).prediction
        sheet = draw_reconstructions(self.batch.image, output)
        sheet.save(self.path)
        for logger in trainer.loggers:
            logger.experiment.add_image("val/pictures", np.asarray(sheet), trainer.global_step, dataformats="HWC")
