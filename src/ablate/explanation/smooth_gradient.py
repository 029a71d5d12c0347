"""SmoothGrad: the mean gradient over noisy copies of the input."""

import torch
from jaxtyping import Float
from torch import Tensor

from ablate.explanation.score import Score, precise, value_and_gradient
from ablate.schema.options import NotNegative, Positive, Seed, checked


@checked
def smooth_gradient(
    score: Score, x: Float[Tensor, "n *shape"], samples: Positive = 50, noise: NotNegative = 0.15, seed: Seed = 0
) -> Float[Tensor, "n *shape"]:
    """a = mean over k = 1 … samples of ∂y/∂x at x + σ ε_k,   ε_k ~ N(0, 1),   σ = noise · (max x - min x) of the row.

    Source: Smilkov, Thorat, Kim, Viégas and Wattenberg 2017, "SmoothGrad", section 3 (noise of 10 to 20 %, 50 samples).

    Args:
        seed: of ε, so that a second call gives the same.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = x.flatten(1)
    deviation = (noise * (rows.amax(1) - rows.amin(1))).view(-1, *[1] * (x.ndim - 1))
    total = torch.zeros_like(precise(x))
    for _ in range(samples):
        epsilon = torch.randn(x.shape, generator=generator).to(x)
        total += value_and_gradient(score, x + deviation * epsilon)[1]
    return total / samples
