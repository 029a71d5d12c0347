"""Tables of pictures: inputs, truths, predictions and errors; and the confusion matrix."""

import json
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageColor, ImageDraw, ImageFont
from torch import Tensor

from ablate.data.batch import is_void
from ablate.figure.colours import PALE_GREY, VERMILLION, WHITE
from ablate.figure.labels import printable, printable_by

VOID, CORRECT, INCORRECT = map(ImageColor.getrgb, (WHITE, PALE_GREY, VERMILLION))
SEGMENTATION = ("input", "truth", "prediction", "error")
RECONSTRUCTION = ("input", "reconstruction", "its middle", "error x 4")  # the font has no ×
COLUMNS = "columns"  # text of a panel's PNG: titles and sizes of its columns
GAP, LINE = 4, 18  # pixels between pictures, and of a line of text
CELL, MOST_LARGE, WIDEST = 0.5, 20, 17.0  # inches of a cell, for up to so many classes; inches of all cells


def colour_map(label: Int[Tensor, "h w"], palette: Sequence[Sequence[int]]) -> UInt8[np.ndarray, "h w 3"]:
    """A label map as a picture; labels outside the palette (void) are white."""
    colours = np.full((256, 3), 255, np.uint8)
    colours[: len(palette)] = palette
    return colours[label.clamp(0, 255).to(torch.uint8).cpu().numpy()]


def colours_of(palette: Sequence[Sequence[int]], num_classes: int) -> list[tuple[int, ...]]:
    """A colour for each class: those of the palette, then those of Pascal VOC's palette that are not yet among them."""
    colours = [tuple(colour) for colour in palette[:num_classes]]
    voc = (tuple(sum((i >> 3 * bit + c & 1) << 7 - bit for bit in range(3)) for c in range(3)) for i in range(1, 512))
    for colour in voc:
        if len(colours) < num_classes and colour not in colours:
            colours.append(colour)
    return colours


def error_map(label: Int[Tensor, "h w"], prediction: Int[Tensor, "h w"], ignore_index: int | None) -> UInt8[np.ndarray, "h w 3"]:
    """Wrong pixels in INCORRECT, right ones in CORRECT, void in white."""
    wrong = (label != prediction).cpu().numpy()[..., None]
    void = is_void(label, ignore_index).cpu().numpy()[..., None]
    return np.where(void, VOID, np.where(wrong, INCORRECT, CORRECT)).astype(np.uint8)


def segmentation_panel(
    image: Float[Tensor, "b 3 h w"],
    label: Int[Tensor, "b h w"],
    prediction: Int[Tensor, "b h w"],
    class_names: Sequence[str],
    palette: Sequence[Sequence[int]],
    ignore_index: int | None,
) -> Image.Image:
    """One row for each picture, with the columns SEGMENTATION, and a legend of the classes below; see `colours_of`."""
    palette = colours_of(palette, len(class_names))
    rows = [
        [
            _pixels(picture),
            np.where(is_void(truth, ignore_index).cpu().numpy()[..., None], VOID, colour_map(truth, palette)),
            colour_map(guess, palette),
            error_map(truth, guess, ignore_index),
        ]
        for picture, truth, guess in zip(image, label, prediction, strict=True)
    ]
    table = _table(rows, SEGMENTATION)
    whole = _with_legend(table, class_names, palette)
    whole.info |= table.info
    return whole


def reconstruction_panel(image: Float[Tensor, "b 3 h w"], output: Float[Tensor, "b 3 h w"]) -> Image.Image:
    """One row for each picture: input, reconstruction, its middle third enlarged, and grey plus four times the difference."""
    height, width = image.shape[2:]
    rows = []
    for picture, rebuilt in zip(image, output, strict=True):
        middle = rebuilt[:, height // 3 : height - height // 3, width // 3 : width - width // 3]
        rows.append([_pixels(each) for each in (picture, rebuilt, middle, 0.5 + 4 * (rebuilt - picture))])
    return _table(rows, RECONSTRUCTION)


def _pixels(picture: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    return (picture.float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()


def _table(rows: list[list[np.ndarray]], titles: Sequence[str]) -> Image.Image:
    """Pictures under titles, each as large as the first one; small ones are enlarged, their pixels as squares.

    `panel_columns` cuts them out again, by what stands in `info`.
    """
    height, width = rows[0][0].shape[:2]
    scale = max(1, 128 // max(height, width))
    height, width = height * scale, width * scale
    table = Image.new("RGB", (len(titles) * (width + GAP) + GAP, LINE + len(rows) * (height + GAP) + GAP), "white")
    draw = ImageDraw.Draw(table)
    for column, title in enumerate(titles):
        draw.text((GAP + column * (width + GAP), 3), title, "black", ImageFont.load_default(12))
    for r, row in enumerate(rows):
        for c, pixels in enumerate(row):
            tile = Image.fromarray(pixels.astype(np.uint8)).resize((width, height), Image.Resampling.NEAREST)
            table.paste(tile, (GAP + c * (width + GAP), LINE + GAP + r * (height + GAP)))
    table.info[COLUMNS] = json.dumps({"titles": list(titles), "rows": len(rows), "width": width, "height": height})
    return table


def panel_columns(panel: Image.Image) -> dict[str, list[Image.Image]]:
    """Maps the title of each column of a panel to its pictures, from above; empty for a picture that is no such panel."""
    try:
        shape = json.loads(panel.info.get(COLUMNS, ""))
        titles, rows, width, height = shape["titles"], int(shape["rows"]), int(shape["width"]), int(shape["height"])
        across, below = GAP + len(titles) * (width + GAP), LINE + GAP + rows * (height + GAP)
    except (ValueError, TypeError, KeyError):
        return {}
    if min(rows, width, height, len(titles)) < 1 or across > panel.width or below > panel.height:
        return {}
    corner = lambda c, r: (GAP + c * (width + GAP), LINE + GAP + r * (height + GAP))  # noqa: E731
    boxes = {title: [corner(c, r) for r in range(rows)] for c, title in enumerate(titles)}
    picture = panel.convert("RGB")
    return {title: [picture.crop((x, y, x + width, y + height)) for x, y in each] for title, each in boxes.items()}


def _with_legend(table: Image.Image, names: Sequence[str], palette: Sequence[Sequence[int]]) -> Image.Image:
    font = ImageFont.truetype(findfont("DejaVu Sans"), 12)  # which has more letters than Pillow's own
    known = cache(lambda letter: bytes(font.getmask(letter)) != bytes(font.getmask(chr(0xFFFF))))
    names = [printable_by(name, known) for name in names]
    entry = 26 + max(int(font.getlength(name)) for name in names)
    per_line = max(1, table.width // entry)
    lines = -(-len(names) // per_line)
    whole = Image.new("RGB", (max(table.width, entry), table.height + lines * LINE + GAP), "white")
    whole.paste(table, (0, 0))
    draw = ImageDraw.Draw(whole)
    for i, name in enumerate(names):
        x, y = GAP + i % per_line * entry, table.height + i // per_line * LINE
        draw.rectangle((x, y + 2, x + 12, y + 14), tuple(palette[i]), "black")
        draw.text((x + 17, y + 1), name, "black", font)
    return whole


def plot_confusion(matrix: Int[np.ndarray, "k k"], class_names: Sequence[str]) -> Figure:
    """Rows are true classes, each normalised to a sum of 1; columns are predictions. The row of a class that never occurs is empty.

    Beyond MOST_LARGE classes cells and letters shrink; numbers too small to be read are left out.
    """
    total = matrix.sum(1, keepdims=True)
    share = np.divide(matrix, total, out=np.full(matrix.shape, np.nan), where=total > 0)
    classes = len(class_names)
    cell = CELL if classes <= MOST_LARGE else min(WIDEST, CELL * MOST_LARGE + 0.12 * (classes - MOST_LARGE)) / classes
    size = 1.8 + cell * classes
    number, name = min(8.0, 27 * cell), min(10.0, 50 * cell)
    figure = Figure(figsize=(size + 0.8, size), layout="constrained")
    axes = figure.add_subplot()
    figure.colorbar(axes.imshow(share, cmap="cividis", vmin=0, vmax=1), ax=axes, label="share of the true class", shrink=0.8)
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.005 and number >= 5:
            colour = "black" if value > 0.5 else "white"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, size=number)
    names = [printable(each) for each in class_names]
    axes.set_xticks(range(classes), names, parse_math=False, rotation=60, ha="right", fontsize=name)
    axes.set_yticks(range(classes), names, parse_math=False, fontsize=name)
    axes.set(xlabel="prediction", ylabel="truth")
    return figure
