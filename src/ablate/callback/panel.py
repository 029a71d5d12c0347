"""The same pictures each time: input, truth, prediction, error, with a legend of the classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from lightning.pytorch import LightningModule, Trainer
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ablate.callback.held_out import HeldOut
from ablate.data.batch import SegmentationBatch

VOID, RIGHT, WRONG = (255, 255, 255), (235, 235, 235), (200, 30, 30)
COLUMNS, GAP, LINE = ("input", "truth", "prediction", "error"), 4, 18


def colour_map(label: Int[Tensor, "h w"], palette: Sequence[Sequence[int]]) -> UInt8[np.ndarray, "h w 3"]:
    """A label map as a picture; what is outside the palette (void) is white."""
    colours = np.full((256, 3), 255, np.uint8)
    colours[: len(palette)] = palette
    return colours[label.clamp(0, 255).to(torch.uint8).cpu().numpy()]


def error_map(label: Int[Tensor, "h w"], prediction: Int[Tensor, "h w"], ignore_index: int) -> UInt8[np.ndarray, "h w 3"]:
    """Where the prediction is wrong, in red; void in white."""
    wrong = (label != prediction).cpu().numpy()[..., None]
    void = (label == ignore_index).cpu().numpy()[..., None]
    return np.where(void, VOID, np.where(wrong, WRONG, RIGHT)).astype(np.uint8)


def draw_panel(
    image: Float[Tensor, "b 3 h w"],
    label: Int[Tensor, "b h w"],
    prediction: Int[Tensor, "b h w"],
    class_names: Sequence[str],
    palette: Sequence[Sequence[int]],
    ignore_index: int,
) -> Image.Image:
    """A row a picture, a column each of COLUMNS, the legend below; small pictures are enlarged."""
    rows = [
        [
            (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy(),
            np.where((truth == ignore_index).cpu().numpy()[..., None], VOID, colour_map(truth, palette)),
            colour_map(guess, palette),
            error_map(truth, guess, ignore_index),
        ]
        for picture, truth, guess in zip(image.float(), label, prediction, strict=True)
    ]
    height, width = label.shape[1:]
    scale = max(1, 128 // max(height, width))
    sheet = sheet_of(rows, COLUMNS, width * scale, height * scale)
    return _with_legend(sheet, class_names, palette)


def sheet_of(rows: list[list[np.ndarray]], titles: Sequence[str], width: int, height: int) -> Image.Image:
    """Pictures as a table under titles, each resized to width×height, pixels kept as squares."""
    sheet = Image.new("RGB", (len(titles) * (width + GAP) + GAP, LINE + len(rows) * (height + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        draw.text((GAP + column * (width + GAP), 3), title, "black", ImageFont.load_default(12))
    for r, row in enumerate(rows):
        for c, pixels in enumerate(row):
            tile = Image.fromarray(pixels.astype(np.uint8)).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(tile, (GAP + c * (width + GAP), LINE + GAP + r * (height + GAP)))
    return sheet


def _with_legend(sheet: Image.Image, names: Sequence[str], palette: Sequence[Sequence[int]]) -> Image.Image:
    font = ImageFont.load_default(12)
    entry = 26 + max(int(font.getlength(name)) for name in names)
    per_line = max(1, sheet.width // entry)
    lines = -(-len(names) // per_line)
    whole = Image.new("RGB", (max(sheet.width, entry), sheet.height + lines * LINE + GAP), "white")
    whole.paste(sheet, (0, 0))
    draw = ImageDraw.Draw(whole)
    for i, name in enumerate(names):
        x, y = GAP + i % per_line * entry, sheet.height + i // per_line * LINE
        draw.rectangle((x, y + 2, x + 12, y + 14), tuple(palette[i]), "black")
        draw.text((x + 17, y + 1), name, "black", font)
    return whole


class Panel(HeldOut):
    """Draws some pictures of the validation split, always the same, after each validation, into TensorBoard and panel.png."""

    def __init__(
        self, folder: str, class_names: Sequence[str], palette: Sequence[Sequence[int]], ignore_index: int, pictures: int
    ) -> None:
        super().__init__(folder, pictures)
        self.class_names, self.palette, self.ignore_index = class_names, palette, ignore_index

    def draw(self, trainer: Trainer, task: LightningModule, batch: SegmentationBatch) -> None:
        prediction = task.step(batch).prediction
        sheet = draw_panel(batch.image, batch.label, prediction, self.class_names, self.palette, self.ignore_index)
        show_sheet(sheet, self.folder / "panel.png", trainer)


def show_sheet(sheet: Image.Image, path: Path, trainer: Trainer) -> None:
    """Save a table of validation pictures, and log it."""
    sheet.save(path)
    for logger in trainer.loggers:
        logger.experiment.add_image("val/pictures", np.asarray(sheet), trainer.global_step, dataformats="HWC")
