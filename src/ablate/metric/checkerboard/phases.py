"""Checkerboards by phase: how much a map differs between positions that are equal modulo a stride."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


def by_phase(x: Float[Tensor, "*lead h w"], stride: int, margin: int = 0) -> Float[Tensor, "*lead {stride} {stride} cells"]:
    """All values of each phase: out[…, p, q, :] holds x[…, y, x] with y ≡ p and x ≡ q (mod stride).

    Args:
        margin: how many pixels are left out at each border, a multiple of the stride; so are rows and columns beyond the
            last whole cell, so that every phase has as many values.
    """
    height, width = ((size - 2 * margin) // stride * stride for size in x.shape[-2:])
    inner = x[..., margin : margin + max(height, 0), margin : margin + max(width, 0)]
    cells = inner.unflatten(-1, (-1, stride)).unflatten(-3, (-1, stride))  # …, row, p, column, q
    return cells.movedim((-4, -2), (-2, -1)).flatten(-2)


class PhaseMetric(Metric):
    """A score over the phases of a stride s.

    Args:
        stride: s, of a layer or of a whole network.
        margin: pixels left out at each border, a multiple of the stride, so that padding is not seen.
    """

    def __init__(self, stride: int, margin: int) -> None:
        super().__init__()
        self.stride, self.margin = stride, margin

    def add_sums(self, **shapes: tuple[int, ...]) -> None:
        """States that begin at 0 and are summed over devices, by name."""
        for name, shape in shapes.items():
            self.add_state(name, default=torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def by_phase(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c s s cells"]:
        """All values of each phase, in double precision."""
        return by_phase(x.double(), self.stride, self.margin)


class Coverage(PhaseMetric):
    """How often a layer writes its rarest output position, divided by how often it writes the commonest; 1 if all are alike.

    With every weight of the layer 1 and its input 1 everywhere, output y counts the weights that reach it:

        n[y] = Σ_x #{i : s x + i - p = y},        coverage = min_y n[y] / max_y n[y]

    taken over the phases y mod s in the interior. A transposed convolution with kernel 3 and stride 2 has 1 : 2 : 2 : 4,
    hence 1/4; any kernel that the stride divides has 1; bed of nails writes one position of four, hence 0.

    Source: Odena, Dumoulin and Olah 2016, "Deconvolution and checkerboard artifacts", Distill, section "Deconvolution & overlap".

    Attributes:
        counts: n by phase, (s, s), the mean over all layers that were seen.
    """

    ratio: Tensor
    counts: Tensor
    layers: Tensor

    def __init__(self, stride: int, margin: int = 0) -> None:
        super().__init__(stride, margin)
        self.add_sums(ratio=(), counts=(stride, stride), layers=())

    def update(self, response: Float[Tensor, "b c h w"]) -> None:
        """Add a layer, by its response to ones with all its weights 1."""
        counts = self.by_phase(response).mean((0, 1, -1))
        self.counts += counts
        self.ratio += counts.min() / counts.max()
        self.layers += 1

    def compute(self) -> Float[Tensor, ""]:
        """The mean over layers; nan where there was none."""
        return self.ratio / self.layers


class PhaseBias(PhaseMetric):
    """Coefficient of variation, across the phases of a stride, of the response to a constant input.

    With r_c[p] the response of output channel c at phase p = (y mod s, x mod s) and r̄_c its mean over the s² phases,

        phase_bias = sqrt(Σ_c Σ_p (r_c[p] - r̄_c)² / s²  /  Σ_c r̄_c²)

    0 where a flat input gives a flat output: nearest, bilinear, pixel shuffle after ICNR. Weights that are independent, with
    mean 0 and shared by no two phases give about sqrt(s² - 1), 1.73 at stride 2, whether the stride divides the kernel or not.

    Source: Sugawara, Shiota and Kiya 2018, "Super-resolution using convolutional neural networks without any checkerboard
    artifacts", sections 2 and 3 (the unit step response of a multirate filter must be flat); the ratio is ours.
    """

    between: Tensor
    mean: Tensor

    def __init__(self, stride: int, margin: int = 0) -> None:
        super().__init__(stride, margin)
        self.add_sums(between=(), mean=())

    def update(self, response: Float[Tensor, "b c h w"]) -> None:
        """Add responses to constant inputs, one a batch row: for a linear layer, one for each input channel."""
        phases = self.by_phase(response).mean(-1).flatten(2)
        mean = phases.mean(2, keepdim=True)
        self.between += (phases - mean).square().mean(2).sum()
        self.mean += mean.square().sum()

    def compute(self) -> Float[Tensor, ""]:
        """The ratio over everything added; nan where nothing was, or where all responses are 0."""
        return (self.between / self.mean).sqrt()


class GradientPhase(PhaseMetric):
    """The energy of the loss's gradient at the input by phase: the greatest divided by the least.

    With g = ∂loss/∂x and E[p] the mean of g² over pictures, channels and all positions of phase p = (y mod s, x mod s),

        gradient_phase = max_p E[p] / min_p E[p]

    1 where all pixels matter alike: strided 2×2 and 4×4 convolutions, average pooling over 2×2. Around 4 for a strided 3×3
    convolution, whose pixels are read once, twice, twice and four times; likewise for overlapping 3×3 max pooling.

    Source: Odena, Dumoulin and Olah 2016, section "Artifacts in gradients"; the ratio is ours.

    Attributes:
        energy: E by phase, (s, s), up to a factor.
    """

    energy: Tensor

    def __init__(self, stride: int, margin: int = 0) -> None:
        super().__init__(stride, margin)
        self.add_sums(energy=(stride, stride))

    def update(self, gradient: Float[Tensor, "b c h w"]) -> None:
        """Add a batch of gradients of the same loss."""
        self.energy += self.by_phase(gradient).square().sum((0, 1, -1))

    def compute(self) -> Float[Tensor, ""]:
        """The ratio; nan where there was no gradient at all."""
        return self.energy.max() / self.energy.min()


class PhaseShare(PhaseMetric):
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
        shifts: how many random shifts.
        seed: of the shifts.
    """

    means: Any  # a list of tensors, concatenated where processes meet
    moments: Tensor

    def __init__(self, stride: int, margin: int = 0, shifts: int = 200, seed: int = 0) -> None:
        super().__init__(stride, margin)
        self.shifts, self.seed = shifts, seed
        self.add_state("means", default=[], dist_reduce_fx="cat")  # of each picture, class and phase
        self.add_state("moments", default=torch.zeros(0, 3, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, logits: Float[Tensor, "b k h w"]) -> None:
        """Add a batch; pictures may differ in size from batch to batch."""
        values = self.by_phase(logits)
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
