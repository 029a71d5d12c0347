"""How evenly an upsampling layer writes its output: a property of its shape, before any training."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from ablate.metric.checkerboard.phases import by_phase


class Coverage(Metric):
    """How often a layer writes its rarest output position, divided by how often it writes the commonest; 1 if all are alike.

    With every weight of the layer 1 and its input 1 everywhere, output y counts the weights that reach it:

        n[y] = Σ_x #{i : s x + i - p = y},        coverage = min_y n[y] / max_y n[y]

    taken over the phases y mod s in the interior. A transposed convolution with kernel 3 and stride 2 has 1 : 2 : 2 : 4,
    hence 1/4; any kernel that the stride divides has 1; bed of nails writes one position of four, hence 0.

    Source: Odena, Dumoulin and Olah 2016, "Deconvolution and checkerboard artifacts", Distill, section "Deconvolution & overlap".

    Args:
        stride: s, the layer's.
        margin: pixels left out at each border, a multiple of the stride.

    Attributes:
        counts: n by phase, (s, s), the mean over all layers that were seen.
    """

    ratio: Tensor
    counts: Tensor
    layers: Tensor

    def __init__(self, stride: int, margin: int = 0) -> None:
        super().__init__()
        self.stride, self.margin = stride, margin
        for name, shape in {"ratio": (), "counts": (stride, stride), "layers": ()}.items():
            self.add_state(name, default=torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, response: Float[Tensor, "b c h w"]) -> None:
        """Add a layer, by its response to ones with all its weights 1."""
        counts = by_phase(response.double(), self.stride, self.margin).mean((0, 1, -1))
        self.counts += counts
        self.ratio += counts.min() / counts.max()
        self.layers += 1

    def compute(self) -> Float[Tensor, ""]:
        """The mean over layers; nan where there was none."""
        return self.ratio / self.layers
