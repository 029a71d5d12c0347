"""How often a transposed convolution writes each pixel, by kernel and stride; and the output of layers for a constant."""

import torch
from matplotlib.figure import Figure
from torch import nn

from ablate.figure.cells import axes_grid, plot_grey
from ablate.metric.checkerboard.phases import PhaseBias
from ablate.model.segmenter.decoder.bed_of_nails import BedOfNails
from ablate.model.segmenter.decoder.pixel_shuffle import PixelShuffle
from ablate.model.segmenter.decoder.transposed_conv import TransposedConv
from ablate.operator.matrix import coverage as counted
from ablate.operator.matrix import coverage_pattern

KERNELS, STRIDES, SIZE = (2, 3, 4, 5, 6), (2, 3, 4), 6
CHANNELS, SIDE, MARGIN = 16, 12, 8


def coverage() -> Figure:
    """Maps of the counts. They are even exactly if the stride divides the kernel; a kernel below the stride leaves holes."""
    title = "How often each output pixel is written (dark: seldom; numbers: counts inside)"
    figure, frames = axes_grid(len(KERNELS), 1.9, (2.2,) * len(STRIDES), title)
    for row, stride in zip(frames, STRIDES, strict=True):
        for frame, kernel in zip(row, KERNELS, strict=True):
            counts, pattern = counted(kernel, stride, SIZE), coverage_pattern(kernel, stride)
            kinds = ":".join(str(n) for n in sorted(set(pattern.flatten().tolist())))
            even = "even" if ":" not in kinds else "uneven"
            plot_grey(frame, counts.numpy(), f"kernel {kernel}, stride {stride}\n{even}: {kinds}", 0, int(counts.max()))
    return figure


def constant() -> Figure:
    """The output of layers with random weights for a constant input: even coverage does not make it constant."""
    layers: dict[str, nn.Module] = {
        "nearest": nn.Upsample(scale_factor=2),
        "bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
        "bed of nails": BedOfNails(),
        **{f"transposed, kernel {k}": TransposedConv(CHANNELS, k) for k in KERNELS},
        "transposed 4, bilinear weights": TransposedConv(CHANNELS, 4, "bilinear"),
        "pixel shuffle": PixelShuffle(CHANNELS),
        "pixel shuffle, ICNR": PixelShuffle(CHANNELS, init="icnr"),
        "nearest, then 3×3": nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False)),
    }
    figure, frames = axes_grid(6, 2.0, (2.3, 2.3), "Random weights: the answer to a constant (one channel, each on its own scale)")
    ones = torch.ones(1, CHANNELS, SIDE, SIDE)
    for frame, (name, layer) in zip(frames.flat, layers.items(), strict=True):
        with torch.no_grad():
            answer = layer(ones)
        bias = PhaseBias(2, MARGIN)
        bias.update(answer)
        inner = answer[0, 0, MARGIN:-MARGIN, MARGIN:-MARGIN].numpy()
        level = float(abs(inner).max())
        flat = inner.max() - inner.min() < 1e-5 * level  # rounding is no pattern
        low, high = (-2 * level, 2 * level) if flat else (None, None)
        plot_grey(frame, inner, f"{name}\nphase bias {float(bias.compute()):.2g}", low, high)
    return figure
