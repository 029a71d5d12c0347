"""Accuracy of what is predicted for one target after each of several steps."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric


class AccuracyByStep(Metric):
    """accuracy_at/1 … accuracy_at/t: the share of samples that are right after so many steps."""

    right: Tensor
    count: Tensor

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.add_state("right", torch.zeros(steps, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, preds: Int[Tensor, "b t"], target: Int[Tensor, " b"]) -> None:
        """Add a batch of predicted classes."""
        self.right += (preds == target[:, None]).sum(0)
        self.count += len(target)

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """The share after each step, by name."""
        return {f"accuracy_at/{t}": share for t, share in enumerate(self.right.double() / self.count, 1)}
