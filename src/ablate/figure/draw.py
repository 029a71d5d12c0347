"""Maps of numbers as cells, in colours that print and that the colour-blind can tell apart."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Okabe and Ito 2008, Color universal design: told apart by all kinds of colour vision; light enough for black text.
COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00")
EMPTY, LINE, MARK = "#FFFFFF", "#444444", "#D55E00"


def sheet(columns: int, width: float, heights: Sequence[float], title: str) -> tuple[Figure, np.ndarray]:
    """A figure with a title and rows of frames without axes, of a width and of heights in inches."""
    figure = Figure(figsize=(columns * width, sum(heights) + 0.5), layout="constrained")
    figure.suptitle(title, fontsize=13)
    frames = figure.subplots(len(heights), columns, squeeze=False, height_ratios=heights)
    for frame in frames.flat:
        frame.axis("off")
    return figure, frames


def cells(
    axes: Axes,
    words: Sequence[Sequence[object]],
    title: str = "",
    colour: Callable[[int, int], str] | Mapping[tuple[int, int], str] = lambda i, j: EMPTY,
    marked: Sequence[tuple[int, int, int, int]] = (),
    extent: tuple[int, int] | None = None,
    fontsize: float = 11,
) -> None:
    """A table of words as squares of a grid.

    Args:
        colour: of the cell in row i and column j, as a function or by its place; white where a mapping says nothing.
        marked: thick frames (row, column, rows, columns), which may reach beyond the table.
        extent: rows and columns that the frame has room for, so that tables of several frames have cells of one size.
    """
    pick = colour if callable(colour) else (lambda i, j: colour.get((i, j), EMPTY))
    height, width = len(words), len(words[0])
    for i, row in enumerate(words):
        for j, word in enumerate(row):
            axes.add_patch(Rectangle((j, i), 1, 1, facecolor=pick(i, j), edgecolor=LINE, linewidth=0.8))
            axes.text(j + 0.5, i + 0.5, str(word), ha="center", va="center", fontsize=fontsize)
    for i, j, rows, columns in marked:
        axes.add_patch(Rectangle((j, i), columns, rows, fill=False, edgecolor=MARK, linewidth=2.5, zorder=3))
    rows, columns = extent or (height, width)
    dy, dx = (rows - height) / 2, (columns - width) / 2
    axes.set(xlim=(-dx - 0.1, width + dx + 0.1), ylim=(height + dy + 0.1, -dy - 0.1), aspect="equal")
    axes.axis("off")
    axes.set_title(title, fontsize=11)


def grey(axes: Axes, picture: np.ndarray, title: str, low: float | None = None, high: float | None = None) -> None:
    """A picture in grey between `low` and `high`, or stretched over its own range."""
    axes.imshow(picture, cmap="gray", vmin=low, vmax=high)
    axes.set_title(title, fontsize=10)
    axes.axis("on")
    axes.set(xticks=(), yticks=())
