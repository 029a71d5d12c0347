"""How much of a network's output depends on the position modulo its stride alone."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from ablate.metric.checkerboard.phases import by_phase


class PhaseShare(Metric):
    """The share of the logits' variance that the position modulo the total stride explains, compared with chance.

    With z[n, k, y, x] the logits of picture n and m_k[p] their mean over all pictures and all positions of phase p,

        phase_share = Σ_k Var_p(m_k[p]) / Σ_k Var_{n, y, x}(z[n, k])

    A network without a checkerboard gives what chance gives. Chance is measured too: `shifts` times, each picture's logits are
    rolled by a random offset of their own before the means are taken. Then

        phase_share_excess    phase_share minus its mean over the shifts
        phase_share_p         (1 + #{shifts with at least this share}) / (1 + shifts), one-sided

    Source: ours; the null is a permutation test (Phipson and Smyth 2010 for its p value). Checkerboards by position:
    Odena, Dumoulin and Olah 2016.

    Args:
        stride: the total stride of the network.
        margin: pixels left out at each border, a multiple of the stride.
        shifts: how many random shifts.
        seed: of the shifts.
    """

    means: Any  # a list of tensors, concatenated where processes meet
    moments: Tensor

    def __init__(self, stride: int, margin: int = 0, shifts: int = 200, seed: int = 0) -> None:
        super().__init__()
        self.stride, self.margin, self.shifts, self.seed = stride, margin, shifts, seed
        self.add_state("means", default=[], dist_reduce_fx="cat")  # of each picture, class and phase
        self.add_state("moments", default=torch.zeros(0, 3, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, logits: Float[Tensor, "b k h w"]) -> None:
        """Add a batch; pictures may differ in size from batch to batch."""
        values = by_phase(logits.double(), self.stride, self.margin)
        self.means.append(values.mean(-1))
        flat = values.flatten(2)
        count = torch.full((logits.shape[1],), flat[:, 0].numel(), device=flat.device)
        moments = torch.stack([count, flat.sum((0, 2)), flat.square().sum((0, 2))], 1)
        self.moments = moments + self.moments if len(self.moments) else moments

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """The three scores by name; nan if no picture has a whole cell, or all logits are 0."""
        if not len(self.moments) or not bool(self.moments[:, 0].all()):
            nan = torch.tensor(torch.nan)
            return {"phase_share": nan, "phase_share_excess": nan, "phase_share_p": nan}
        variance, means = self.variance(), dim_zero_cat(self.means)
        share = _between(means.mean(0)) / variance
        null = torch.stack([_between(_shifted(means, at).mean(0)) for at in self._offsets(len(means))]) / variance
        as_large = (null >= share).sum()
        return {
            "phase_share": share,
            "phase_share_excess": share - null.mean(),
            "phase_share_p": (1 + as_large) / (1 + self.shifts),
        }

    def variance(self) -> Float[Tensor, ""]:
        """Σ_k Var(z[n, k]), the denominator."""
        count, total, squares = self.moments.unbind(1)
        return (squares / count - (total / count).square()).sum()

    def _offsets(self, pictures: int) -> Int[Tensor, "shifts pictures 2"]:
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randint(self.stride, (self.shifts, pictures, 2), generator=generator)


def _between(means: Float[Tensor, "k s s"]) -> Float[Tensor, ""]:
    return means.flatten(1).var(1, correction=0).sum()


def _shifted(means: Float[Tensor, "n k s s"], at: Int[Tensor, "n 2"]) -> Float[Tensor, "n k s s"]:
    """Each picture's phases, rolled around by its offset."""
    n, k, s, _ = means.shape
    at = at.to(means.device)
    rows, columns = ((torch.arange(s, device=means.device) + at[:, i, None]) % s for i in (0, 1))
    index = (rows[:, :, None] * s + columns[:, None, :]).view(n, 1, s * s).expand(n, k, s * s)
    return means.flatten(2).gather(2, index).view(n, k, s, s)
