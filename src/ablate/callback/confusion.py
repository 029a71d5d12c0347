"""The confusion matrix as a figure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from matplotlib.figure import Figure

from ablate.callback.show import show

CELL, MOST_WIDE, WIDEST = 0.5, 20, 17.0  # inches of a cell, of up to so many classes; inches of all of them


def draw_confusion(matrix: Int[np.ndarray, "k k"], class_names: Sequence[str]) -> Figure:
    """Rows are the truth, each normalised to 1; columns the prediction. A class that never occurs stays empty.

    Beyond 20 classes cells and letters shrink, down to where numbers could not be read and are left out.
    """
    total = matrix.sum(1, keepdims=True)
    share = np.divide(matrix, total, out=np.full(matrix.shape, np.nan), where=total > 0)
    classes = len(class_names)
    cell = CELL if classes <= MOST_WIDE else min(WIDEST, CELL * MOST_WIDE + 0.12 * (classes - MOST_WIDE)) / classes
    size = 1.8 + cell * classes
    number, name = min(8.0, 27 * cell), min(10.0, 50 * cell)
    figure = Figure(figsize=(size + 0.8, size), layout="constrained")
    axes = figure.add_subplot()
    shown = axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
    figure.colorbar(shown, ax=axes, label="share of the true class", shrink=0.8)
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.005 and number >= 5:
            colour = "black" if value > 0.5 else "white"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, size=number)
    axes.set_xticks(range(len(class_names)), class_names, rotation=60, ha="right", fontsize=name)
    axes.set_yticks(range(len(class_names)), class_names, fontsize=name)
    axes.set(xlabel="prediction", ylabel="truth")
    return figure


class ConfusionFigure(Callback):
    """Draws the test split's confusion matrix at the end of the test, into TensorBoard and confusion.png."""

    def __init__(self, folder: str, class_names: Sequence[str]) -> None:
        self.path = Path(folder) / "confusion.png"
        self.class_names = class_names
        self.matrix: np.ndarray | None = None

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Callbacks come before the task resets its metrics.
        scores = pl_module.metrics["test_"]["scores"]
        with scores.sync_context():
            self.matrix = scores.confusion.cpu().numpy()

    @rank_zero_only
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        show(draw_confusion(self.matrix, self.class_names), self.path, trainer, "test/confusion", trainer.global_step)
