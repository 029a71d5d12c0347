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


def draw_confusion(matrix: Int[np.ndarray, "k k"], class_names: Sequence[str]) -> Figure:
    """Rows are the truth, each normalised to 1; columns the prediction. A class that never occurs stays empty."""
    total = matrix.sum(1, keepdims=True)
    share = np.divide(matrix, total, out=np.full(matrix.shape, np.nan), where=total > 0)
    size = 1.8 + 0.5 * len(class_names)
    figure = Figure(figsize=(size + 0.8, size), layout="constrained")
    axes = figure.add_subplot()
    shown = axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
    figure.colorbar(shown, ax=axes, label="share of the true class", shrink=0.8)
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.005:
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color="black" if value > 0.5 else "white", size=8)
    axes.set_xticks(range(len(class_names)), class_names, rotation=60, ha="right")
    axes.set_yticks(range(len(class_names)), class_names)
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
