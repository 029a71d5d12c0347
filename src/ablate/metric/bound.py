"""How well a network that draws models pictures, and how it draws them."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric


class VariationalBound(Metric):
    """Three means over the pictures of a split, in nats a picture:

        reconstruction   -log p(x | z)
        kl               Σ_t KL(Q(z_t | …) ‖ N(0, I))
        bound            their sum, at least -log p(x) in the mean over z; lower is better

    Source: Gregor et al. 2015, section 2.2.
    """

    totals: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("totals", torch.zeros(2, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, reconstruction: Float[Tensor, " b"], kl: Float[Tensor, "b t"]) -> None:
        """Add a batch."""
        self.totals += torch.stack([reconstruction.sum(), kl.sum()]).to(self.totals.dtype)
        self.count += len(reconstruction)

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """The means by name."""
        reconstruction, kl = (self.totals / self.count).unbind()
        return {"bound": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}


class CanvasChange(Metric):
    """How far each canvas is from the one before, as probabilities of white p_t = σ(c_t), in the mean over pictures and pixels:

        change/t       d_t = mean |p_t - p_{t-1}|,  t = 2 … T
        late_change    mean of the last half of them over that of the first half (of an odd number, the middle one is left out)

    Where a canvas is refined, distances fall and `late_change` is below 1; where each step draws anew, it is about 1.
    There is no `late_change` with fewer than three steps.
    """

    totals: Tensor
    count: Tensor

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.add_state("totals", torch.zeros(steps - 1, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, canvas: Float[Tensor, "b t h w"]) -> None:
        """Add a batch of logits."""
        distance = canvas.float().sigmoid().diff(dim=1).abs().mean((2, 3))
        self.totals += distance.sum(0).to(self.totals.dtype)
        self.count += len(canvas)

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """The means by name."""
        mean = self.totals / self.count
        found = {f"change/{t}": value for t, value in enumerate(mean, 2)}
        half = len(mean) // 2
        return found | ({"late_change": mean[-half:].sum() / mean[:half].sum()} if half else {})
