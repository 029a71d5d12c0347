"""The one-dimensional example in letters: a convolution and its transpose as matrices."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.sparse import csr_array

from ablate.figure.cells import axes_grid, plot_cells
from ablate.figure.colours import BLACK, FILLS, GREY
from ablate.operator.matrix import conv_matrix, transposed_matrix

WEIGHTS, INPUTS = "xyz", "abcdefgh"


def matrices() -> Figure:
    """W and Wᵀ of kernel x y z with padding 1, stride 1 and 2, on four numbers: the padding is hatched, in input and output."""
    title = "Convolution (kernel x y z, padding 1) and transposed convolution as matrices; hatched: what meets the padding"
    figure, frames = axes_grid(2, 6.2, (3.4, 3.4), title)
    for row, stride in enumerate((1, 2)):
        matrix = letters(conv_matrix, 6, stride, 0)
        _equation(frames[row, 0], matrix, f"convolution, stride {stride}: W\n(zeros around the input)", padded=1)
        title = "still a convolution: the kernel turned round" if stride == 1 else "no convolution: rows of two kinds"
        what = f"transposed convolution, stride {stride}: Wᵀ\n({title})"
        _equation(frames[row, 1], matrix.T, what, cropped=1)
    return figure


def one_dimension() -> Figure:
    """a b through a transposed convolution of kernel 3 and stride 2: the sum in the middle, and the crop to twice the size."""
    whole = letters(transposed_matrix, 2, 2, 0)
    cropped = letters(transposed_matrix, 2, 2, 1, output_padding=1)
    figure, frames = axes_grid(2, 4.6, (3.4,), "Transposed convolution in one dimension: kernel 3, stride 2")
    _equation(frames[0, 0], whole, "without a crop: 2(n - 1) + 3 = 5 values")
    _equation(frames[0, 1], cropped, "padding 1 crops at both ends, output_padding 1\ngives one row back: exactly 2n values")
    return figure


def letters(matrix_of: Callable[..., csr_array], *sizes: int, **options: int) -> np.ndarray:
    """The matrix of a kernel with letters for its weights, found by moving a single 1 through the kernel."""
    ones = torch.eye(len(WEIGHTS), dtype=torch.float64)
    entries = [matrix_of(kernel.view(1, 1, -1), *sizes, **options).toarray() != 0 for kernel in ones]
    return np.select(entries, list(WEIGHTS), "0")


def product(matrix: np.ndarray) -> list[str]:
    """Each row of the matrix times (a, b, …), written out."""
    pairs = ([f"{w}{v}" for w, v in zip(row, INPUTS) if w != "0"] for row in matrix)
    return [" + ".join(each) for each in pairs]


def _equation(frame: Axes, matrix: np.ndarray, title: str, padded: int = 0, cropped: int = 0) -> None:
    """Matrix · vector = result, with a colour for each weight; zeros of the matrix, where no weight stands, are left empty.

    Args:
        padded: how many columns at either side meet the zeros of the padding.
        cropped: how many rows at either end of the result are cropped.
    """
    height, width = matrix.shape
    words = np.where(matrix == "0", "", matrix)
    fills = {(i, j): FILLS[WEIGHTS.index(word)] for (i, j), word in np.ndenumerate(words) if word}
    outside = lambda i, n, edge: edge > 0 and not edge <= i < n - edge  # noqa: E731
    columns = [j for j in range(width) if outside(j, width, padded)]
    rows = [i for i in range(height) if outside(i, height, cropped)]
    hatched = {(i, j) for i, j in np.ndindex(height, width) if i in rows or j in columns}
    plot_cells(frame, words.tolist(), title, fills, padding=hatched, extent=(max(height, width), width))
    inputs = ["0"] * padded + list(INPUTS[: width - 2 * padded]) + ["0"] * padded
    for j, word in enumerate(inputs):
        colour, style = (GREY, "normal") if j in columns else (BLACK, "italic")
        at = (width + 0.6, (height - width) / 2 + j + 0.5)
        frame.text(*at, word, ha="center", va="center", fontsize=12, color=colour, style=style)
    frame.text(width + 1.2, height / 2, "=", ha="center", va="center", fontsize=13)
    for i, sums in enumerate(product(matrix[:, padded : width - padded])):
        colour, crop = (GREY, " (cropped)") if i in rows else (BLACK, "")
        frame.text(width + 1.7, i + 0.5, f"{sums or 0}{crop}", ha="left", va="center", fontsize=12, color=colour)
    frame.set_xlim(-0.1, width + 5)
