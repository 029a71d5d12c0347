"""Small pictures side by side, with what belongs to each."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ablate.figure.labels import as_plain_text

COLUMNS, INCHES, LETTERS, LINES = 4, 3.0, 44, 4  # of the sheet; of a picture's width; of a line below it, and so many of these


class Shown(NamedTuple):
    """A picture of the sheet and the text above it."""

    image: UInt8[np.ndarray, "h w 3"]
    text: str


def contact_sheet(pictures: Sequence[Shown], legend: Mapping[str, Sequence[int]]) -> Figure:
    """The pictures in rows of four, and below them a colour for each name of the legend."""
    rows = -(-len(pictures) // COLUMNS)
    height = max(each.image.shape[0] / each.image.shape[1] for each in pictures)
    lines = max(len(_lines(each.text)) for each in pictures)
    tall = rows * (INCHES * height + 0.2 * lines) + (0.4 if legend else 0)
    figure = Figure(figsize=(COLUMNS * INCHES, tall), layout="constrained")
    for i, each in enumerate(pictures):
        axes = figure.add_subplot(rows, COLUMNS, i + 1)
        axes.imshow(each.image)
        axes.set_axis_off()
        axes.set_title("\n".join(_lines(each.text)), fontsize=8)
    if legend:
        patches = [Patch(facecolor=_hex(colour), edgecolor="black", label=name) for name, colour in legend.items()]
        figure.legend(handles=patches, loc="outside lower left", ncols=6, fontsize=9)
    as_plain_text(figure)
    return figure


def _hex(colour: Sequence[int]) -> str:
    return f"#{bytes(colour).hex()}"


def _lines(text: str) -> list[str]:
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, LETTERS) or [""]]
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], "…"]
