"""A confusion matrix."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int
from matplotlib.figure import Figure

CELL, MOST_LARGE, WIDEST = 0.5, 20, 17.0  # inches of a cell, for up to so many classes; inches of all cells


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
    axes.set_xticks(range(classes), class_names, rotation=60, ha="right", fontsize=name)
    axes.set_yticks(range(classes), class_names, fontsize=name)
    axes.set(xlabel="prediction", ylabel="truth")
    return figure
