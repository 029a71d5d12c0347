"""Infidelity: whether an attribution predicts what small changes of the input do to the score."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ablate.metric.explanation.mean import MeanOverPictures
from ablate.schema.options import AboveZero, Positive, Seed, checked


class Infidelity(MeanOverPictures):
    """min over β of E[(β I·a - (y(x) - y(x - I)))²], I ~ N(0, σ²), the mean over pictures: 0 for a perfect prediction.

    β makes it independent of the attribution's scale. Computed by captum.

    Source: Yeh, Hsieh, Suggala, Inouye and Ravikumar 2019, "On the (in)fidelity and sensitivity of explanations", definition 2.1.

    Args:
        samples: of I, for each picture.
        deviation: σ.
        seed: of I.
    """

    @checked
    def __init__(self, samples: Positive = 10, deviation: AboveZero = 0.1, seed: Seed = 0, **options: Any) -> None:
        super().__init__(**options)
        self.samples, self.deviation, self.seed = samples, deviation, seed

    def update(
        self, score: Callable[[Tensor], Tensor], x: Float[Tensor, "n *shape"], attribution: Float[Tensor, "n *shape"]
    ) -> None:
        """Add inputs with their attributions."""
        from captum.metrics import infidelity  # half a second, for whom measures

        generator = torch.Generator().manual_seed(self.seed)

        def perturb(x: Tensor) -> tuple[Tensor, Tensor]:
            noise = self.deviation * torch.randn(x.shape, generator=generator).to(x)
            return noise, x - noise

        with torch.no_grad():
            rows = len(x)  # so many at once: a score may have a mask for each of them
            options = {"n_perturb_samples": self.samples, "max_examples_per_batch": rows, "normalize": True}
            self.add(infidelity(score, perturb, x, attribution.to(x.dtype), **options))
