"""Integrated gradients: the score's gain over a baseline, shared out among the numbers of the input."""

import torch
from jaxtyping import Float
from torch import Tensor

from ablate.explanation.score import Score, precise, value_and_gradient
from ablate.schema.options import Number, Positive, checked


@checked
def integrated_gradients(
    score: Score, x: Float[Tensor, "n *shape"], steps: Positive = 50, baseline: Number = 0.0
) -> Float[Tensor, "n *shape"]:
    """a = (x - x') ⊙ ∫₀¹ ∂y/∂x at x' + t (x - x') dt, by the midpoint rule at t = (i + ½)/steps.

    Completeness: Σ a = y(x) - y(x'), up to the error of the sum (`ablate.metric.explanation.completeness`). The steps are taken
    one after the other, so that memory does not grow with them.

    Source: Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", section 3 and 5 (20 to 300 steps).

    Args:
        baseline: every number of x'; 0 is a black picture, or words that say nothing.
    """
    start = torch.full_like(precise(x), baseline)
    total = torch.zeros_like(start)
    for i in range(steps):
        point = start + (i + 0.5) / steps * (x - start)
        total += value_and_gradient(score, point.to(x.dtype))[1]
    return (x - start) * total / steps
