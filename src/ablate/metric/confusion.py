"""Scores that are made from one confusion matrix of a whole split, and those of a predictor that knows the majority class alone."""

from abc import abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric


class ConfusionScores(Metric):
    """Scores of n_ij, the number of targets of class i that were predicted as j.

    Attributes:
        confusion: n, counts since the last `reset`; rows are the truth, columns the prediction.
    """

    confusion: Int[Tensor, "k k"]

    @abstractmethod
    def scores(self, confusion: Int[Tensor, "k k"]) -> dict[str, Float[Tensor, ""]]:
        """The scores of a confusion matrix, by name."""

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """The scores by name."""
        return self.scores(self.confusion)

    def majority(self) -> dict[str, Float[Tensor, ""]]:
        """The scores of always predicting the most frequent true class c: n'_ic = Σ_j n_ij, else 0."""
        truth = self.confusion.sum(1)
        constant = torch.zeros_like(self.confusion)
        constant[:, truth.argmax()] = truth
        return self.scores(constant)

    def predicted_classes(self) -> int:
        """How many classes were predicted at all: 1 for a constant prediction."""
        return int((self.confusion.sum(0) > 0).sum())
