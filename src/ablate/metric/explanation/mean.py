"""The mean over pictures, of which every score of explanations is one."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics import Metric

Maps = Float[Tensor, "n h w"]
Masks = Bool[Tensor, "n h w"]


class MeanOverPictures(Metric):
    """The mean of one number a picture; pictures without one (nan) are left out; nan where there are no others."""

    total: Tensor
    count: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_state("total", default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def add(self, values: Float[Tensor, " n"]) -> None:
        """Count these numbers."""
        self.total += values.double().nansum()
        self.count += (~values.isnan()).sum()

    def compute(self) -> Float[Tensor, ""]:
        return self.total / self.count
