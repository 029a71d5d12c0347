"""Pictures that a network draws: many of them side by side, and a few of them step by step, with the window it writes through."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageColor, ImageDraw
from torch import Tensor

from ablate.figure.colours import DARK_GREY, ORANGE
from ablate.model.draw.filter_bank import Window

SIDE = 112  # pixels that a drawn picture has at least in each direction, on a strip
GAP = 4  # pixels between pictures
THIN, THICK = 1, 5  # pixels of a window's frame
Frame = tuple[float, float, float, float, float]  # y, x, height, width, deviation: in pixels of the picture
MILLISECONDS, LAST = 250, 1500  # that a picture of a film stays, and the last one


def sample_grid(probability: Float[Tensor, "n h w"], scale: int = 2) -> Image.Image:
    """The pictures, in reading order, in a table that is about square; white has the probability 1."""
    columns = math.ceil(math.sqrt(len(probability)))
    cells = [_enlarged(each, scale) for each in _grey(probability)]
    return _table([cells[i : i + columns] for i in range(0, len(cells), columns)])


def canvas_strip(
    probability: Float[Tensor, "n t h w"], written: Window | None, filters: int | None, first: Float[Tensor, "n h w"] | None = None
) -> Image.Image:
    """A row for each picture: its canvas after each step, under the frame of the window that it was written through.

    Args:
        written: the windows, of `filters` filters in each direction; None: without attention.
        first: pictures in front of the rows, such as those that are drawn again.
    """
    rows = [list(row) for row in drawn_canvases(probability, written, filters)]
    if first is not None:
        scale = _scale(probability)
        rows = [[_enlarged(each, scale), *row] for each, row in zip(_grey(first), rows, strict=True)]
    return _table(rows)


def canvas_film(probability: Float[Tensor, "n t h w"], written: Window | None, filters: int | None) -> list[Image.Image]:
    """A table of pictures for each step: the frames of a film of the same pictures as `canvas_strip`."""
    columns = math.ceil(math.sqrt(len(probability)))
    rows = drawn_canvases(probability, written, filters)
    return [_table([list(step[i : i + columns]) for i in range(0, len(step), columns)]) for step in zip(*rows, strict=True)]


def save_film(pictures: Sequence[Image.Image], path: Path) -> None:
    """An animated GIF that begins again after its last picture."""
    durations = [MILLISECONDS] * (len(pictures) - 1) + [LAST]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=durations, loop=0, disposal=2)


def drawn_canvases(
    probability: Float[Tensor, "n t h w"], written: Window | None, filters: int | None
) -> list[list[UInt8[np.ndarray, "y x 3"]]]:
    """For each picture, its enlarged canvases with the window's frame in them."""
    scale, frames = _scale(probability), None if written is None else frames_of(written, filters)
    return [
        [_framed(_enlarged(each, scale), None if frames is None else frames[i][t], scale) for t, each in enumerate(row)]
        for i, row in enumerate(map(_grey, probability))
    ]


def frames_of(written: Window, filters: int) -> list[list[Frame]]:
    """For each picture and step, the middle of the window, and its extent: from the first filter to the last one."""
    extent = written.stride * (filters - 1)
    fields = [each.float().tolist() for each in (written.y, written.x, extent, extent, written.deviation)]
    return [list(zip(*of_picture, strict=True)) for of_picture in zip(*fields, strict=True)]


def _framed(picture: UInt8[np.ndarray, "y x 3"], frame: Frame | None, scale: int) -> UInt8[np.ndarray, "y x 3"]:
    """The window as a rectangle, thicker where its filters are wide; what is beyond the picture is not seen."""
    if frame is None:
        return picture
    y, x, height, width, deviation = frame
    image = Image.fromarray(picture)
    corners = [middle + sign * side / 2 + 0.5 for sign in (-1, 1) for middle, side in ((x, width), (y, height))]
    far = 10 * max(picture.shape)  # PIL's numbers have 32 bits
    thickness = int(np.clip(round(deviation * scale / 4), THIN, THICK))
    ImageDraw.Draw(image).rectangle([float(np.clip(each * scale, -far, far)) for each in corners], outline=ORANGE, width=thickness)
    return np.asarray(image)


def _scale(probability: Float[Tensor, "n t h w"]) -> int:
    return math.ceil(SIDE / min(probability.shape[2:]))


def _grey(probability: Float[Tensor, "n h w"]) -> UInt8[np.ndarray, "n h w"]:
    return (probability.detach().float().clamp(0, 1) * 255).round().byte().cpu().numpy()


def _enlarged(grey: UInt8[np.ndarray, "h w"], scale: int) -> UInt8[np.ndarray, "y x 3"]:
    return grey.repeat(scale, 0).repeat(scale, 1)[..., None].repeat(3, 2)


def _table(rows: Sequence[Sequence[UInt8[np.ndarray, "y x 3"]]]) -> Image.Image:
    """Pictures of one size, with gaps; the last row may be shorter."""
    height, width, _ = rows[0][0].shape
    size = (GAP + len(rows) * (height + GAP), GAP + len(rows[0]) * (width + GAP))
    table = np.full((*size, 3), ImageColor.getrgb(DARK_GREY), np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            y, x = GAP + i * (height + GAP), GAP + j * (width + GAP)
            table[y : y + height, x : x + width] = picture
    return Image.fromarray(table)
