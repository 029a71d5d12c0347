"""Deletion and insertion: how fast a score falls, or rises, where the most relevant pixels go, or come, first."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from ablate.metric.explanation.mean import Maps, MeanOverPictures

GREY = 0.5


def deletion_curve(
    score: Callable[[Tensor], Tensor], x: Float[Tensor, "n c h w"], relevance: Maps, steps: int = 16, baseline: float = GREY
) -> Float[Tensor, "n points"]:
    """The score with 0, 1/steps, …, all of the pixels at `baseline`, those of greatest relevance first.

    Source: Petsiuk, Das and Saenko 2018, "RISE", section 4.2. Which baseline is taken changes which method is best.
    """
    return _curve(score, x, torch.full_like(x, baseline), relevance, steps)


def insertion_curve(
    score: Callable[[Tensor], Tensor], x: Float[Tensor, "n c h w"], relevance: Maps, steps: int = 16, baseline: float = GREY
) -> Float[Tensor, "n points"]:
    """The score of a picture of `baseline` into which 0, 1/steps, …, all of the pixels are put, the most relevant first."""
    return _curve(score, torch.full_like(x, baseline), x, relevance, steps)


def _curve(score: Callable[[Tensor], Tensor], before: Tensor, after: Tensor, relevance: Tensor, steps: int) -> Tensor:
    """Of equal relevance, the first pixels row by row go first."""
    order = relevance.flatten(1).argsort(dim=1, descending=True, stable=True)
    rank, pixels = order.argsort(dim=1).view(len(before), 1, *before.shape[2:]), order.shape[1]
    counts = [round(step / steps * pixels) for step in range(steps + 1)]
    with torch.no_grad():
        return torch.stack([score(torch.where(rank < count, after, before)) for count in counts], 1)


class AreaUnder(MeanOverPictures):
    """The area under curves over [0, 1], by trapezoids, the mean over pictures: of deletion low is good, of insertion high."""

    def update(self, curve: Float[Tensor, "n points"]) -> None:
        """Add curves of equally distant points."""
        self.add(torch.trapezoid(curve.double(), dim=1) / (curve.shape[1] - 1))
