"""The same pictures each time, drawn again by an autoencoder, with a part enlarged."""

import numpy as np
from jaxtyping import Float
from lightning.pytorch import LightningModule, Trainer
from PIL import Image
from torch import Tensor

from ablate.callback.held_out import HeldOut
from ablate.callback.panel import sheet_of, show_sheet
from ablate.data.batch import SegmentationBatch

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


class Reconstructions(HeldOut):
    """Draws some pictures of the validation split after each validation, into TensorBoard and panel.png."""

    def __init__(self, folder: str, pictures: int) -> None:
        super().__init__(folder, pictures)

    def draw(self, trainer: Trainer, task: LightningModule, batch: SegmentationBatch) -> None:
        output = task.step(batch).prediction
        show_sheet(draw_reconstructions(batch.image, output), self.folder / "panel.png", trainer)
