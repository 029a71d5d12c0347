"""How alike an explanation stays as the layers of its network get random weights, one after the other."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from ablate.metric.explanation.similarity import rank_correlation, structural_similarity
from ablate.schema.options import Positive, checked

LIKENESS = {"rank": rank_correlation, "ssim": structural_similarity}


class LayerwiseLikeness(Metric):
    """The mean of s_1 … s_layers: 1 for an explanation that depends on no weight, about 0 for one that is lost with the first.

        s_k = the mean over pictures of the likeness of the trained network's map and of that with k random layers, from above

    A picture of which a likeness is not defined (nan) is left out there.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", "Cascading randomization" and figure 4 (s_k); the mean is ours.

    Args:
        layers: how many there are.
    """

    total: Tensor
    count: Tensor

    @checked
    def __init__(self, layers: Positive, **options: Any) -> None:
        super().__init__(**options)
        for name in ("total", "count"):
            self.add_state(name, default=torch.zeros(layers + 1, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, likeness: Float[Tensor, "n points"]) -> None:
        """Add the likeness of pictures for 0, 1, … random layers."""
        self.total += likeness.double().nansum(0)
        self.count += (~likeness.isnan()).sum(0)

    def curve(self) -> Float[Tensor, " points"]:
        """s_0, which is 1, s_1, …; nan where no picture has one."""
        return self.total / self.count

    def compute(self) -> Float[Tensor, ""]:
        return self.curve()[1:].mean()
