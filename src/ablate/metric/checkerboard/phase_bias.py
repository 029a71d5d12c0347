"""How uneven the output of an upsampling layer, or of a whole network, is for a constant input."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from ablate.metric.checkerboard.phases import by_phase


class PhaseBias(Metric):
    """Coefficient of variation, across the phases of a stride, of the response to a constant input.

    With r_c[p] the response of output channel c at phase p = (y mod s, x mod s) and r̄_c its mean over the s² phases,

        phase_bias = sqrt(Σ_c Σ_p (r_c[p] - r̄_c)² / s²  /  Σ_c r̄_c²)

    0 where a flat input gives a flat output: nearest, bilinear, pixel shuffle after ICNR. Weights that are independent, with
    mean 0 and shared by no two phases give about sqrt(s² - 1), 1.73 at stride 2, whether the stride divides the kernel or not.

    Source: Sugawara, Shiota and Kiya 2018, "Super-resolution using convolutional neural networks without any checkerboard
    artifacts", sections 2 and 3 (the unit step response of a multirate filter must be flat); the ratio is ours.

    Args:
        stride: s.
        margin: pixels left out at each border, a multiple of the stride, so that padding is not seen.
    """

    between: Tensor
    mean: Tensor

    def __init__(self, stride: int, margin: int = 0) -> None:
        super().__init__()
        self.stride, self.margin = stride, margin
        for name in ("between", "mean"):
            self.add_state(name, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, response: Float[Tensor, "b c h w"]) -> None:
        """Add responses to constant inputs, one a batch row: for a linear layer, one for each input channel."""
        phases = by_phase(response.double(), self.stride, self.margin).mean(-1).flatten(2)
        mean = phases.mean(2, keepdim=True)
        self.between += (phases - mean).square().mean(2).sum()
        self.mean += mean.square().sum()

    def compute(self) -> Float[Tensor, ""]:
        """The ratio over everything added; nan where nothing was, or where all responses are 0."""
        return (self.between / self.mean).sqrt()
