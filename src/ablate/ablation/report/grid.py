"""The panels of all cells as one grid: what they were shown, the truth, and a column with the predictions of each cell."""

import io
from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ablate.figure.labels import printable
from ablate.figure.panel import panel_columns

TILE, GAP, LINE, ACROSS, ROWS, LETTERS = (
    104,
    4,
    14,
    10,
    3,
    16,
)  # pixels; columns and pictures of a grid; letters in a line of a name
Column = Sequence[Image.Image]


def grid(panels: Mapping[str, bytes]) -> Image.Image | None:
    """The grid of cells whose panels show the same pictures; None where they have no columns of the same names and sizes.

    A column that is the same in all panels stands once, on the left; of those that differ, the first is a cell's. Where the
    cells do not fit beside each other they go on below, after the shared columns.
    """
    tables = {cell: panel_columns(Image.open(io.BytesIO(png))) for cell, png in panels.items()}
    if len({(tuple(table), *(len(tiles) for tiles in table.values())) for table in tables.values()}) != 1:
        return None
    names = [*next(iter(tables.values()))]
    if not names:
        return None
    alike = [name for name in names if len({_pixels(table[name]) for table in tables.values()}) == 1]
    own = next((name for name in names if name not in alike), names[-1])
    shared = {name: next(iter(tables.values()))[name] for name in names[: names.index(own)] if name in alike}
    cells, most = [(cell, table[own]) for cell, table in tables.items()], ACROSS - len(shared)
    strips = [_strip([*shared.items(), *cells[i : i + most]]) for i in range(0, len(cells), most)]
    whole = Image.new("RGB", (max(s.width for s in strips), sum(s.height for s in strips)), "white")
    for i, strip in enumerate(strips):
        whole.paste(strip, (0, sum(s.height for s in strips[:i])))
    return whole


def _strip(columns: Sequence[tuple[str, Column]]) -> Image.Image:
    titles = ["\n".join(wrap(printable(name), LETTERS)) for name, _ in columns]
    top = GAP + LINE * max(title.count("\n") + 1 for title in titles)
    rows = min(ROWS, len(columns[0][1]))
    first = columns[0][1][0]
    height = round(TILE * first.height / first.width)
    strip = Image.new("RGB", (GAP + len(columns) * (TILE + GAP), top + rows * (height + GAP) + GAP), "white")
    draw = ImageDraw.Draw(strip)
    for c, ((_, tiles), title) in enumerate(zip(columns, titles, strict=True)):
        x = GAP + c * (TILE + GAP)
        draw.multiline_text((x, 1), title, "black", ImageFont.load_default(11), spacing=2)
        for r, tile in enumerate(tiles[:rows]):
            strip.paste(tile.resize((TILE, height), Image.Resampling.NEAREST), (x, top + r * (height + GAP)))
    return strip


def _pixels(tiles: Column) -> bytes:
    return b"".join(np.asarray(tile).tobytes() for tile in tiles)
