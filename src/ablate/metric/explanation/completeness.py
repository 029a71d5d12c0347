"""Completeness: whether the parts that an attribution names add up to what they are parts of."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric


class Completeness(Metric):
    """gap = Σ_n |Σ a_n - (y(x_n) - y(x'_n))| / Σ_n |y(x_n) - y(x'_n)|: 0 where every attribution a is complete.

    Source: Sundararajan, Taly and Yan 2017, section 3, proposition 1 (and section 5: raise the steps until it holds within 5 %).
    """

    missing: Tensor
    whole: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name in ("missing", "whole"):
            self.add_state(name, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, attribution: Float[Tensor, "n *shape"], score: Float[Tensor, " n"], baseline: Float[Tensor, " n"]) -> None:
        """Add attributions, the score y(x) of each, and y(x') of its baseline."""
        gain = score.double() - baseline.double()
        self.missing += (attribution.double().flatten(1).sum(1) - gain).abs().sum()
        self.whole += gain.abs().sum()

    def compute(self) -> Float[Tensor, ""]:
        """The gap; nan where no score differs from its baseline's."""
        return self.missing / self.whole
