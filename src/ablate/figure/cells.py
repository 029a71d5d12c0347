"""Tables of numbers as coloured cells, and maps of numbers in grey."""

from collections.abc import Callable, Container, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ablate.figure.colours import BLACK, DARK_GREY, GREY, LIGHT_GREY, VERMILLION, WHITE

Colour = Callable[[int, int], str] | Mapping[tuple[int, int], str]


def axes_grid(columns: int, width: float, heights: Sequence[float], title: str) -> tuple[Figure, np.ndarray]:
    """A figure with a title and a grid of empty axes, each `width` inches wide, with a height in inches for each row."""
    figure = Figure(figsize=(columns * width, sum(heights) + 0.5), layout="constrained")
    figure.suptitle(title, fontsize=13)
    grid = figure.subplots(len(heights), columns, squeeze=False, height_ratios=heights)
    for axes in grid.flat:
        axes.axis("off")
    return figure, grid


def plot_cells(
    axes: Axes,
    texts: Sequence[Sequence[object]],
    title: str = "",
    colour: Colour = lambda i, j: WHITE,
    marked: Sequence[tuple[int, int, int, int]] = (),
    padding: Container[tuple[int, int]] = (),
    extent: tuple[int, int] | None = None,
    fontsize: float = 11,
) -> None:
    """Plot a table of texts as squares.

    Args:
        colour: of the cell in row i and column j, as a function or a mapping; cells that a mapping lacks are white.
        marked: thick frames (row, column, rows, columns), which may reach beyond the table.
        padding: cells that are no data but put in: hatched, their zeros in grey.
        extent: rows and columns that the axes have room for, so that the cells of several tables have one size.
    """
    colour_of = colour if callable(colour) else (lambda i, j: colour.get((i, j), WHITE))
    height, width = len(texts), len(texts[0])
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            axes.add_patch(Rectangle((j, i), 1, 1, facecolor=colour_of(i, j), edgecolor=DARK_GREY, linewidth=0.8))
            if (i, j) in padding:
                axes.add_patch(Rectangle((j, i), 1, 1, fill=False, edgecolor=LIGHT_GREY, linewidth=0, hatch="////"))
            shade = GREY if (i, j) in padding and text == "0" else BLACK
            axes.text(j + 0.5, i + 0.5, str(text), ha="center", va="center", fontsize=fontsize, color=shade)
    for i, j, rows, columns in marked:
        axes.add_patch(Rectangle((j, i), columns, rows, fill=False, edgecolor=VERMILLION, linewidth=2.5, zorder=3))
    rows, columns = extent or (height, width)
    dy, dx = (rows - height) / 2, (columns - width) / 2
    axes.set(xlim=(-dx - 0.1, width + dx + 0.1), ylim=(height + dy + 0.1, -dy - 0.1), aspect="equal")
    axes.axis("off")
    axes.set_title(title, fontsize=11)


def cell_texts(values: Tensor) -> list[list[str]]:
    """The numbers of a (1, 1, h, w) tensor as texts."""
    return [[f"{value:g}" for value in row] for row in values[0, 0].tolist()]


def plot_grey(axes: Axes, image: np.ndarray, title: str, low: float | None = None, high: float | None = None) -> None:
    """Plot a map in grey: `low` is black and `high` is white, by default its least and its largest number."""
    axes.imshow(image, cmap="gray", vmin=low, vmax=high)
    axes.set_title(title, fontsize=10)
    axes.axis("on")
    axes.set(xticks=(), yticks=())
