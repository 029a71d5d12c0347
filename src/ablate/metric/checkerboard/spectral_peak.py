"""Lines in the spectrum of a network's output, at the frequencies of its grid."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

CELLS = 4  # of a tile's side; a Hann window smears a line over its direct neighbours, so 2 bins away the ground is clean


class SpectralPeak(Metric):
    """By how many decibels the averaged spectrum stands out at the multiples of 1/stride.

    Logits are cut into tiles of 4s×4s (half overlapping), freed of their mean, windowed by Hann's window in both directions
    and Fourier transformed; P[u, v] is the power averaged over tiles, pictures and classes. With K the grid's frequencies
    (4i, 4j), 0 ≤ i, j < s, without (0, 0), and N(κ) the 16 bins at a distance of 2 from κ,

        spectral_peak = mean over κ in K of (10 log₁₀ P[κ] - mean over ν in N(κ) of 10 log₁₀ P[ν])

    0 dB or a little less (spectra are convex) without a checkerboard. Unlike the phase share it needs no common phase
    over pictures, and it sees the picture's own periods, too.

    Source: ours, after the log spectra of Odena, Dumoulin and Olah 2016 and of Durall et al. 2020 ("Watch your
    up-convolution"); averaged periodograms: Welch 1967.

    Args:
        stride: s, the total stride of the network.
        margin: pixels left out at each border.
    """

    power: Tensor

    def __init__(self, stride: int, margin: int = 0) -> None:
        super().__init__()
        self.stride, self.margin, self.side = stride, margin, CELLS * stride
        self.add_state("power", default=torch.zeros(self.side, self.side, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, logits: Float[Tensor, "b k h w"]) -> None:
        """Add a batch; a picture smaller than a tile adds nothing."""
        height, width = (size - 2 * self.margin for size in logits.shape[2:])
        if min(height, width) < self.side:
            return
        inner = logits[..., self.margin : self.margin + height, self.margin : self.margin + width].double()
        tiles = inner.unfold(2, self.side, self.side // 2).unfold(3, self.side, self.side // 2)
        tiles = tiles - tiles.mean((-2, -1), keepdim=True)
        window = torch.hann_window(self.side, dtype=torch.float64, device=tiles.device)
        spectrum = torch.fft.fft2(tiles * torch.outer(window, window))
        self.power += spectrum.abs().square().sum((0, 1, 2, 3))

    def compute(self) -> Float[Tensor, ""]:
        """Decibels; nan where no picture was large enough, or all are constant."""
        level = 10 * self.power.log10()
        ring = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if 2 in (abs(dy), abs(dx))]
        ground = torch.stack([level.roll(shift, (0, 1)) for shift in ring]).mean(0)
        return (level - ground)[::CELLS, ::CELLS].flatten()[1:].mean()
