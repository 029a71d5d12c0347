"""Pictures as a table, each with what is said of it under it."""

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from ablate.figure.attention import largest, lay_over, lay_picture, weight_bar
from ablate.figure.place import place
from ablate.figure.words import readable

# Okabe and Ito 2008: told apart by all kinds of colour vision
RIGHT, WRONG, WRITTEN, QUIET, PLAIN = "#009E73", "#D55E00", "#0072B2", "#777777", "#000000"
ALONE, BESIDE = 2.9, 1.9  # inches of a picture's width
GAP, LINE, SIZE, BAR = 0.15, 0.17, 9, 0.85  # inches; points


class Line(NamedTuple):
    """Something said of a picture; what takes more than `most` lines is cut."""

    text: str
    colour: str = PLAIN
    most: int = 2


class Tile(NamedTuple):
    """A picture, what is said of it, and where the network looked."""

    image: Float[Tensor, "3 h w"]  # in [0, 1]
    lines: Sequence[Line]
    weights: Float[Tensor, " s"] | None = None


def captioned(tiles: Sequence[Tile], grid: tuple[int, int] | None = None, columns: int = 3) -> Figure:
    """A table of tiles; where a tile has weights, they are a map of `grid` over the picture, beside it."""
    looked = tiles[0].weights is not None
    columns, pictures = min(columns, len(tiles)), 1 + looked
    wide = BESIDE if looked else ALONE
    high, width = wide * min(1.5, tiles[0].image.shape[1] / tiles[0].image.shape[2]), pictures * wide + looked * GAP / 2
    letters = int(width * 72 / (0.64 * SIZE))
    said = [_wrapped(tile.lines, letters) for tile in tiles]
    rows = [said[i : i + columns] for i in range(0, len(tiles), columns)]
    heights = [high + LINE * (max(map(len, row)) + 1) for row in rows]
    right = GAP + columns * (width + GAP)
    figure = Figure(figsize=(right + looked * BAR, GAP + sum(heights)))
    top = largest([tile.weights for tile in tiles]) if looked else 1.0
    for i, (tile, lines) in enumerate(zip(tiles, said, strict=True)):
        left, above = GAP + i % columns * (width + GAP), GAP + sum(heights[: i // columns])
        lay_picture(place(figure, left, above, wide, high), tile.image)
        if looked:
            lay_over(place(figure, left + wide + GAP / 2, above, wide, high), tile.image, tile.weights, grid, top)
        frame = place(figure, left, above + high + LINE / 2, width, LINE * len(lines))
        frame.set(xlim=(0, 1), ylim=(len(lines), 0))
        frame.axis("off")
        for j, (text, colour) in enumerate(lines):
            frame.text(0, j + 0.5, text, color=colour, size=SIZE, va="center", parse_math=False)
    if looked:
        weight_bar(figure, right, GAP, high, top, grid)
    return figure


def _wrapped(lines: Sequence[Line], letters: int) -> list[tuple[str, str]]:
    return [
        (part, line.colour)
        for line in lines
        for part in wrap(readable(line.text), letters, max_lines=line.most, placeholder=" …", subsequent_indent="  ")
    ]
