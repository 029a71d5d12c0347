"""Scores of a classification of sequences, or of their steps, over a whole split."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics.classification import MulticlassConfusionMatrix

from ablate.metric.confusion import ConfusionScores


class ClassificationScores(ConfusionScores, MulticlassConfusionMatrix):  # type: ignore[misc]
    """From one confusion matrix n (rows: truth) of the whole split, as scalars:

        accuracy   Σ_i n_ii / Σ_ij n_ij
        macro_f1   mean of 2 n_ii / (Σ_j n_ij + Σ_j n_ji) over the classes that occur or were predicted

    Targets of `ignore_index` are in no sum. Without any other target both are nan.
    """

    def __init__(self, num_classes: int, ignore_index: int | None = None) -> None:
        super().__init__(num_classes, ignore_index, validate_args=False)

    @property
    def confusion(self) -> Tensor:
        """The matrix n since the last reset."""
        return self.confmat

    def scores(self, confusion: Int[Tensor, "k k"]) -> dict[str, Float[Tensor, ""]]:
        """The two scores by name."""
        hit, total = confusion.diagonal().double(), confusion.sum()
        f1 = 2 * hit / (confusion.sum(0) + confusion.sum(1))
        return {"accuracy": torch.where(total > 0, hit.sum() / total, torch.nan), "macro_f1": f1.nanmean()}
