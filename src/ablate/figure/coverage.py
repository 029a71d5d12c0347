"""How often a transposed convolution writes each pixel; the output of layers for a constant; identities between operators."""

import torch
from matplotlib.figure import Figure
from torch import nn

from ablate.figure.cells import axes_grid, plot_grey
from ablate.figure.colours import BLUE, GREY, VERMILLION
from ablate.metric.checkerboard.phases import PhaseBias
from ablate.model.segmenter.decoder.pixel_shuffle import PixelShuffle
from ablate.model.segmenter.decoder.transposed_conv import TransposedConv
from ablate.model.segmenter.decoder.unpooling import BedOfNails
from ablate.operator.identities import Identity
from ablate.operator.identities import identities as measured
from ablate.operator.matrix import coverage as counted
from ablate.operator.matrix import coverage_pattern

FLOOR = 1e-17  # where an error of exactly 0 is drawn
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
        "transposed 4, bilinear": TransposedConv(CHANNELS, 4, "bilinear"),
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


def identities() -> Figure:
    """A dot for each identity on a logarithmic axis, with the rounding of float64 as a line."""
    found: list[Identity] = measured()[::-1]
    figure = Figure(figsize=(11, 0.34 * len(found) + 1.3), layout="constrained")
    axes = figure.subplots()
    for holds, colour, marker, label in ((True, BLUE, "o", "holds"), (False, VERMILLION, "X", "does not hold")):
        rows = [i for i, each in enumerate(found) if each.holds is holds]
        axes.scatter([max(found[i].error, FLOOR) for i in rows], rows, color=colour, marker=marker, s=45, label=label, zorder=3)
    for i, each in enumerate(found):
        axes.annotate(f"{each.error:.1e}" if each.error else "0", (max(each.error, FLOOR), i), (8, -3),
                      textcoords="offset points", fontsize=9,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    axes.axvline(1e-12, color=GREY, linestyle="--", linewidth=1)
    axes.set_yticks(range(len(found)), [each.statement for each in found], fontsize=9)
    axes.set(xscale="log", xlim=(FLOOR / 3, 1e5), xlabel="largest difference between the two sides, float64 (dashed: 1e-12)")
    axes.set_title("Operators that are the same, and some that are not", fontsize=11)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="center right", fontsize=9)
    return figure
