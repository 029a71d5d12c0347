"""Where a network looked: over a picture, a word at a time; over a text, as a matrix."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from ablate.figure.place import colour_bar, place
from ablate.figure.words import token_label

IN_A_ROW, SIDE, GAP, TITLE, BAR = 8, 1.35, 0.07, 0.25, 0.8  # tiles of a strip; inches
CELL, LONGEST, LETTER, MARGIN = 0.25, 15.0, 0.075, 0.45  # inches of matrices
DIM, LUMINANCE = 0.6, (0.299, 0.587, 0.114)  # of the picture under a map
OVER = LinearSegmentedColormap.from_list("over", ["#F0E44200", "#F0E442D8"])  # clear at 0
MOST_LETTERS, MOST_LABELS = 17, 120  # of a label; of a side


class Strip(NamedTuple):
    """A picture, and how it was looked at for each word."""

    image: Float[Tensor, "3 h w"]  # in [0, 1]
    words: Sequence[str]
    weights: Float[Tensor, "t s"]


class Matrix(NamedTuple):
    """Tokens that were read, tokens that were written, and how the former were looked at for each of the latter."""

    source: Sequence[str]
    target: Sequence[str]
    weights: Float[Tensor, "t s"]


def attention_strip(
    image: Float[Tensor, "3 h w"], words: Sequence[str], weights: Float[Tensor, "t s"], grid: tuple[int, int]
) -> Figure:
    """The picture; then, for each word, the picture with the map of its attention, of grid[0] rows and grid[1] columns."""
    return attention_strips([Strip(image, words, weights)], grid)


def attention_strips(strips: Sequence[Strip], grid: tuple[int, int]) -> Figure:
    """Strips under one another, all with one scale of colours."""
    top = largest([strip.weights for strip in strips])
    height, width = strips[0].image.shape[1:]
    side = SIDE * min(2.0, height / width)
    rows = [-(-(1 + len(strip.words)) // IN_A_ROW) for strip in strips]
    columns = min(IN_A_ROW, 1 + max(len(strip.words) for strip in strips))
    right = GAP + columns * (SIDE + GAP)
    figure = Figure(figsize=(right + BAR, sum(rows) * (side + TITLE) + GAP))
    weight_bar(figure, right, TITLE, side, top, grid)
    above = 0
    for strip, its_rows in zip(strips, rows, strict=True):
        for i, (title, weights) in enumerate(zip(("", *strip.words), (None, *strip.weights), strict=True)):
            left, line = GAP + i % IN_A_ROW * (SIDE + GAP), above + i // IN_A_ROW
            axes = place(figure, left, TITLE + line * (side + TITLE), SIDE, side)
            lay_picture(axes, strip.image) if weights is None else lay_over(axes, strip.image, weights, grid, top)
            axes.set_title(token_label(title, MOST_LETTERS), fontsize=9, pad=3, parse_math=False)
        above += its_rows
    return figure


def largest(weights: Sequence[Float[Tensor, "*t s"]]) -> float:
    """Where a scale of colours ends; 1 where there is nothing above 0, as after a training that has run away."""
    return max(float(each.nan_to_num().max()) for each in weights) or 1.0


def weight_bar(figure: Figure, left: float, above: float, height: float, top: float, grid: tuple[int, int]) -> None:
    """The scale of colours of maps, on a medium grey; it names the weight that each place would have if all had the same."""
    axes = colour_bar(figure, left, above, height, OVER, top, f"weight of a place\n(even: {1 / (grid[0] * grid[1]):.2g})")
    axes.set_facecolor(str(DIM / 2))


def lay_picture(axes: Axes, image: Float[Tensor, "3 h w"]) -> None:
    """A picture without ticks; of a small one, pixels are squares."""
    axes.imshow(image.float().clamp(0, 1).permute(1, 2, 0).cpu().numpy(), interpolation=_interpolation(image), aspect="auto")
    axes.set(xticks=(), yticks=())


def lay_over(axes: Axes, image: Float[Tensor, "3 h w"], weights: Float[Tensor, " s"], grid: tuple[int, int], top: float) -> None:
    """A map of attention, from 0 to `top`, over the picture in dark grey; between the centres of its places it is bilinear."""
    grey = (DIM * torch.tensor(LUMINANCE)[:, None, None] * image.float().clamp(0, 1).cpu()).sum(0)
    axes.imshow(grey.numpy(), cmap="gray", vmin=0, vmax=1, interpolation=_interpolation(image), aspect="auto")
    small = weights.float().cpu().reshape(1, 1, *grid)
    large = F.interpolate(small, tuple(image.shape[1:]), mode="bilinear", align_corners=False)[0, 0]
    axes.imshow(large.numpy(), cmap=OVER, vmin=0, vmax=top, interpolation=_interpolation(image), aspect="auto")
    axes.set(xticks=(), yticks=())


def _interpolation(image: Tensor) -> str:
    return "nearest" if max(image.shape[1:]) <= 128 else "auto"


def attention_matrix(source: Sequence[str], target: Sequence[str], weights: Float[Tensor, "t s"]) -> Figure:
    """A row for each token that was written, a column for each that was read (Bahdanau et al. 2015, figure 3)."""
    return attention_matrices([Matrix(source, target, weights)])


def attention_matrices(matrices: Sequence[Matrix]) -> Figure:
    """Matrices under one another, with one scale of colours, from 0 to 1."""
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
        axes = place(figure, left, above + top, cell * len(source), cell * len(target))
        weights = matrix.weights.float().cpu().numpy()
        axes.imshow(weights, cmap="cividis", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        upright = max(map(len, source)) == 1
        _label(axes.set_xticks, source, cell, rotation=0 if upright else 90)
        _label(axes.set_yticks, target, cell)
        axes.set_xlabel("read", fontsize=8)
        axes.set_ylabel("written", fontsize=8)
        above += top + cell * len(target)
    colour_bar(figure, right, tops[0], bar, "cividis", 1.0, "weight")
    return figure


def _label(ticks: Callable, words: Sequence[str], cell: float, **options: float) -> None:
    """Every word or, where there are very many, some at equal distances."""
    step = -(-len(words) // MOST_LABELS)
    ticks(range(0, len(words), step), words[::step], fontsize=min(8.0, 50 * cell * step), parse_math=False, **options)
