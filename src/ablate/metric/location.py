"""Where a network looks, over a whole split."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric

BINS = 20  # along each axis


class LocationScores(Metric):
    """location_spread = √ mean_t E|l_t - E l_t|²: how far, by root mean square, the places of one glimpse lie from their mean.

    Half the picture's side is 1. 0: every picture is seen at the same places, whatever is in it; √(2/3) = 0.816: at random ones.

    Attributes:
        counts: how often each glimpse fell into each of 20×20 equal parts of the picture.
    """

    counts: Int[Tensor, "t rows columns"]
    sums: Float[Tensor, "t 2"]
    squares: Float[Tensor, "t 2"]
    paths: Int[Tensor, ""]

    def __init__(self, glimpses: int) -> None:
        super().__init__()
        self.add_state("counts", torch.zeros(glimpses, BINS, BINS, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("sums", torch.zeros(glimpses, 2, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("squares", torch.zeros(glimpses, 2, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("paths", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, location: Float[Tensor, "b t 2"]) -> None:
        """Add the places of some paths, y and x from -1 to 1."""
        place = location.detach().double()
        part = ((place + 1) / 2 * BINS).long().clamp(0, BINS - 1)
        glimpse = torch.arange(part.shape[1], device=part.device).expand(part.shape[:2])
        flat = (glimpse * BINS + part[..., 0]) * BINS + part[..., 1]
        self.counts += flat.flatten().bincount(minlength=self.counts.numel()).view_as(self.counts)
        self.sums += place.sum(0)
        self.squares += place.square().sum(0)
        self.paths += len(place)

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """The score by name; nan without any path."""
        variance = self.squares / self.paths - (self.sums / self.paths).square()
        return {"location_spread": variance.sum(1).mean().clamp(min=0).sqrt()}
