"""Attention weights: as a map over a picture for each word, or as a matrix over a text."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ablate.figure.colours import YELLOW
from ablate.figure.labels import label_ticks, token_label

IN_A_ROW, SIDE, GAP, TITLE, BAR = 8, 1.35, 0.07, 0.25, 0.8  # tiles of a strip; inches
OVER_TILE, LEAST_BAR = 0.04, 1.1  # inches: of a word over its tile; of the label of the scale of colours
CELL, LONGEST, LETTER, MARGIN = 0.25, 15.0, 0.075, 0.45  # inches of matrices
DIM, LUMINANCE = 0.6, (0.299, 0.587, 0.114)  # of the picture under a map
OVER = LinearSegmentedColormap.from_list("over", [f"{YELLOW}00", f"{YELLOW}D8"])  # clear at 0
MOST_LETTERS, MOST_LABELS = 17, 120  # of a label; of a side


class Box(NamedTuple):
    """Where something stands on a figure, in inches from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


class Strip(NamedTuple):
    """A picture, the words that were written for it, and the attention weights of each word over the picture's grid."""

    image: Float[Tensor, "3 h w"]  # in [0, 1]
    words: Sequence[str]
    weights: Float[Tensor, "t s"]


class Matrix(NamedTuple):
    """Tokens that were read, tokens that were written, and the attention weights of each written token over the read ones."""

    source: Sequence[str]
    target: Sequence[str]
    weights: Float[Tensor, "t s"]


def attention_strips(strips: Sequence[Strip], grid: tuple[int, int]) -> Figure:
    """For each strip the picture, then for each word the picture under the map of its attention, all in one scale of colours.

    Args:
        grid: rows and columns of the maps.
    """
    top = largest_weight([strip.weights for strip in strips])
    height, width = strips[0].image.shape[1:]
    side = SIDE * min(2.0, height / width)
    rows = [-(-(1 + len(strip.words)) // IN_A_ROW) for strip in strips]
    columns = min(IN_A_ROW, 1 + max(len(strip.words) for strip in strips))
    right = GAP + columns * (SIDE + GAP)
    figure = Figure(figsize=(right + BAR, max(sum(rows) * (side + TITLE), TITLE + LEAST_BAR) + GAP))
    sheet = sheet_of(figure)
    above = TITLE
    for strip, its_rows in zip(strips, rows, strict=True):
        for i, (title, weights) in enumerate(zip(("", *strip.words), (None, *strip.weights), strict=True)):
            row, column = divmod(i, IN_A_ROW)
            box = Box(GAP + column * (SIDE + GAP), above + row * (side + TITLE), SIDE, side)
            if weights is None:
                show_image(sheet, box, strip.image)
            else:
                overlay_attention(sheet, box, strip.image, weights, grid, top)
            place = (box.left + box.width / 2, box.top - OVER_TILE)
            sheet.text(*place, token_label(title, MOST_LETTERS), ha="center", fontsize=9, parse_math=False)
        above += its_rows * (side + TITLE)
    weight_bar(figure, right, TITLE, side, top, grid)
    return figure


def largest_weight(weights: Sequence[Float[Tensor, "*t s"]]) -> float:
    """The largest weight, where a scale of colours ends; 1 if no weight is above 0, as after a training that diverged."""
    return max(float(each.nan_to_num().max()) for each in weights) or 1.0


def weight_bar(figure: Figure, left: float, above: float, height: float, top: float, grid: tuple[int, int]) -> None:
    """The scale of colours of attention maps, on a medium grey; its label names the weight of uniform attention."""
    label = f"attention weight\n(uniform: {1 / (grid[0] * grid[1]):.2g})"
    axes = colour_bar(figure, left, above, max(height, LEAST_BAR), OVER, top, label)
    axes.set_facecolor(str(DIM / 2))


def sheet_of(figure: Figure) -> Axes:
    """Axes over a whole figure, in inches from its upper left corner: pictures in one such axes are drawn faster than in many."""
    sheet = figure.add_axes((0, 0, 1, 1), xlim=(0, figure.get_figwidth()), ylim=(figure.get_figheight(), 0), autoscale_on=False)
    sheet.axis("off")
    return sheet


def show_image(sheet: Axes, box: Box, image: Float[Tensor, "3 h w"]) -> None:
    """Show a picture in a box of a sheet; the pixels of a small one are squares."""
    _imshow(sheet, box, image.float().clamp(0, 1).permute(1, 2, 0))


def overlay_attention(
    sheet: Axes, box: Box, image: Float[Tensor, "3 h w"], weights: Float[Tensor, " s"], grid: tuple[int, int], top: float
) -> None:
    """Show attention weights from 0 to `top`, interpolated bilinearly to the picture's size, over the picture in dark grey."""
    grey = (DIM * torch.tensor(LUMINANCE)[:, None, None] * image.float().clamp(0, 1).cpu()).sum(0)
    _imshow(sheet, box, grey, "gray")
    small = weights.float().cpu().reshape(1, 1, *grid)
    large = F.interpolate(small, tuple(image.shape[1:]), mode="bilinear", align_corners=False)[0, 0]
    _imshow(sheet, box, large, OVER, top)


def _imshow(sheet: Axes, box: Box, values: Tensor, cmap: str | Colormap | None = None, top: float = 1.0) -> None:
    """Show a picture in a box with a line around it; one number a pixel, from 0 to `top`, needs a colour map."""
    extent = (box.left, box.left + box.width, box.top + box.height, box.top)
    how = "nearest" if max(values.shape[:2]) <= 128 else "auto"
    sheet.imshow(values.cpu().numpy(), cmap, extent=extent, interpolation=how, aspect="auto", vmin=0, vmax=top)
    sheet.add_patch(Rectangle((box.left, box.top), box.width, box.height, fill=False, linewidth=0.8))


def attention_matrices(matrices: Sequence[Matrix]) -> Figure:
    """Each matrix with a row a written token and a column a read token, in colours from 0 to 1 (Bahdanau et al. 2015, figure 3)."""
    labels = [[[token_label(token, MOST_LETTERS) for token in side] for side in matrix[:2]] for matrix in matrices]
    columns, rows = max(len(source) for source, _ in labels), sum(len(target) for _, target in labels)
    cell = min(CELL, LONGEST / max(columns, rows))
    left = MARGIN + LETTER * max(len(label) for _, target in labels for label in target)
    tops = [MARGIN + LETTER * max(map(len, source)) for source, _ in labels]
    bar = min(3.0, max(1.0, cell * len(labels[0][1])))
    height, right = max(sum(tops) + cell * rows, tops[0] + bar), left + max(1.0, cell * columns) + 0.1
    figure = Figure(figsize=(right + BAR + 0.1, height + 0.15))
    above = 0.0
    for matrix, (source, target), top in zip(matrices, labels, tops, strict=True):
        axes = axes_at(figure, left, above + top, cell * len(source), cell * len(target))
        weights = matrix.weights.float().cpu().numpy()
        axes.imshow(weights, cmap="cividis", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        upright = max(map(len, source)) == 1
        for set_ticks, tokens, rotation in ((axes.set_xticks, source, 0 if upright else 90), (axes.set_yticks, target, 0)):
            size = min(8.0, 50 * cell * -(-len(tokens) // MOST_LABELS))
            label_ticks(set_ticks, tokens, MOST_LABELS, rotation=rotation, fontsize=size)
        axes.set_xlabel("read", fontsize=8)
        axes.set_ylabel("written", fontsize=8)
        above += top + cell * len(target)
    colour_bar(figure, right, tops[0], bar, "cividis", 1.0, "weight")
    return figure


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """New axes whose upper left corner lies `left` and `top` inches from the figure's: matplotlib need not search for a layout."""
    figure_width, figure_height = figure.get_size_inches()
    bottom = figure_height - top - height
    return figure.add_axes((left / figure_width, bottom / figure_height, width / figure_width, height / figure_height))


def colour_bar(figure: Figure, left: float, top: float, height: float, cmap: str | Colormap, high: float, label: str) -> Axes:
    """The scale of a colour map from 0 to `high`."""
    axes = axes_at(figure, left, top, 0.13, height)
    figure.colorbar(ScalarMappable(Normalize(0, high), cmap), cax=axes)
    axes.tick_params(labelsize=8)
    axes.set_ylabel(label, fontsize=8)
    return axes
