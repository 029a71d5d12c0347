"""The checkerboard of downsampling: how unevenly the gradient of a loss reaches the input pixels."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from ablate.metric.checkerboard.phases import by_phase


class GradientPhase(Metric):
    """The energy of the loss's gradient at the input by phase: the greatest divided by the least.

    With g = ∂loss/∂x and E[p] the mean of g² over pictures, channels and all positions of phase p = (y mod s, x mod s),

        gradient_phase = max_p E[p] / min_p E[p]

    1 where all pixels matter alike: strided 2×2 and 4×4 convolutions, average pooling over 2×2. Around 4 for a strided 3×3
    convolution, whose pixels are read once, twice, twice and four times; likewise for overlapping 3×3 max pooling.

    Source: Odena, Dumoulin and Olah 2016, section "Artifacts in gradients"; the ratio is ours.

    Args:
        stride: s; 2 for the finest level alone.
        margin: pixels left out at each border, a multiple of the stride.

    Attributes:
        energy: E by phase, (s, s), up to a factor.
    """

    energy: Tensor

    def __init__(self, stride: int, margin: int = 0) -> None:
        super().__init__()
        self.stride, self.margin = stride, margin
        self.add_state("energy", default=torch.zeros(stride, stride, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, gradient: Float[Tensor, "b c h w"]) -> None:
        """Add a batch of gradients of the same loss."""
        self.energy += by_phase(gradient.double(), self.stride, self.margin).square().sum((0, 1, -1))

    def compute(self) -> Float[Tensor, ""]:
        """The ratio; nan where there was no gradient at all."""
        return self.energy.max() / self.energy.min()
