"""A convolution, its transpose and the upsamplings without weights on a few numbers, one step after the other."""

from itertools import product

import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from torch import Tensor, nn

from ablate.figure.cells import Colour, axes_grid, cell_texts, plot_cells
from ablate.figure.colours import FILLS, LIGHT_GREY, WHITE
from ablate.model.segmenter.decoder.unpooling import BedOfNails, MaxUnpool
from ablate.model.segmenter.max_pool import max_pool

KERNEL = torch.tensor([[1.0, 2.0, 1.0], [2.0, 3.0, 2.0], [1.0, 2.0, 1.0]]).view(1, 1, 3, 3)
STEPS = list(product(range(2), range(2)))
VALUES = torch.arange(1.0, 5.0).view(1, 1, 2, 2)


def convolution() -> Figure:
    """Where the kernel lies at each of four steps, and the number that it gives."""
    x = torch.randint(0, 5, (1, 1, 4, 4), generator=torch.Generator().manual_seed(1)).float()
    y = F.conv2d(x, KERNEL, stride=2, padding=1)
    padded = F.pad(x, (1, 1, 1, 1))
    border = {(i, j) for i, j in product(range(6), repeat=2) if {i, j} & {0, 5}}
    figure, frames = axes_grid(5, 2.3, (2.5, 1.2), "Convolution, kernel 3×3, stride 2: 4×4 to 2×2; hatched: zeros of the padding")
    plot_cells(frames[0, 0], cell_texts(KERNEL), "kernel", lambda i, j: FILLS[4], extent=(6, 6))
    for step, (i, j) in enumerate(STEPS):
        window = (2 * i, 2 * j, 3, 3)
        inside = dict.fromkeys(product(range(2 * i, 2 * i + 3), range(2 * j, 2 * j + 3)), FILLS[4])
        plot_cells(frames[0, step + 1], cell_texts(padded), f"step {step + 1}: padded input", inside, [window], border, (6, 6))
        done = [[f"{y[0, 0, a, b]:g}" if 2 * a + b <= step else "" for b in range(2)] for a in range(2)]
        plot_cells(frames[1, step + 1], done, "output", {(i, j): FILLS[4]}, [(i, j, 1, 1)], extent=(2, 6))
    return figure


def transposed_convolution() -> Figure:
    """Each input value lays a scaled kernel onto the output, at twice its distance; where kernels overlap, they add up."""
    parts = [_part(VALUES, i, j) for i, j in STEPS]
    total = F.conv_transpose2d(VALUES, KERNEL, stride=2)
    if not torch.equal(torch.stack(parts).sum(0), total):
        raise AssertionError("a transposed convolution is linear")
    figure, frames = axes_grid(5, 2.7, (1.7, 2.9), "Transposed convolution, kernel 3×3, stride 2: 2×2 to 5×5, overlaps are sums")
    plot_cells(frames[0, 0], cell_texts(KERNEL), "kernel", lambda i, j: FILLS[4], extent=(3, 5))
    reached: list[list[list[str]]] = [[[] for _ in range(5)] for _ in range(5)]
    for step, (i, j) in enumerate(STEPS):
        plot_cells(
            frames[0, step + 1], cell_texts(VALUES), f"step {step + 1}: input", {(i, j): FILLS[step]}, [(i, j, 1, 1)], extent=(3, 5)
        )
        for a, b in product(range(2 * i, 2 * i + 3), range(2 * j, 2 * j + 3)):
            reached[a][b].append(f"{parts[step][0, 0, a, b]:g}")
        words = [[_sum(each) for each in row] for row in reached]
        colour = dict.fromkeys(product(range(2 * i, 2 * i + 3), range(2 * j, 2 * j + 3)), FILLS[step])
        plot_cells(frames[1, step + 1], words, "output", colour, [(2 * i, 2 * j, 3, 3)], extent=(5, 5), fontsize=9)
    overlap = lambda a, b: LIGHT_GREY if len(reached[a][b]) > 1 else WHITE  # noqa: E731
    plot_cells(frames[1, 0], cell_texts(total), "the output; grey:\nmore than one kernel", overlap, extent=(5, 5))
    return figure


def _part(x: Tensor, i: int, j: int) -> Tensor:
    one = torch.zeros_like(x)
    one[..., i, j] = x[..., i, j]
    return F.conv_transpose2d(one, KERNEL, stride=2)


def _sum(terms: list[str]) -> str:
    """The terms joined by +, in two lines if there are more than two."""
    return "+".join(terms) if len(terms) < 3 else "+".join(terms[:2]) + "+\n" + "+".join(terms[2:])


def unpooling() -> Figure:
    """Unpoolings, which have nothing to learn, for the input 1 2 / 3 4; bilinear interpolation and pixel shuffle beside them.

    Max unpooling takes the offsets of a max pooling before it, pixel shuffle the four channels of one place.
    """
    before = (torch.randperm(16, generator=torch.Generator().manual_seed(2)) + 1.0).view(1, 1, 4, 4)
    pooled, offset = max_pool(before)
    title = "Upsampling by 2 without weights: colours say where a value comes from; hatched: zeros that are put in"
    figure, frames = axes_grid(5, 2.2, (2.4, 2.5, 2.4), title)
    _plot(frames[0, 0], VALUES, "input", _quarter)
    _plot(frames[0, 1], nn.Upsample(scale_factor=2)(VALUES), "nearest", _block)
    _plot(frames[0, 2], BedOfNails()(VALUES), "bed of nails")
    _plot_bilinear(frames[0, 3])
    plot_cells(frames[1, 0], cell_texts(before), "before max pooling", _block, marked=_maxima(offset), extent=(4, 4))
    _plot(frames[1, 1], pooled, "max pooling\nkeeps values and places", _quarter)
    _plot(frames[1, 2], VALUES, "other values,\nfrom later layers", _quarter)
    _plot(frames[1, 3], MaxUnpool()(VALUES, offset), "max unpooling\nputs them at these places")
    channels = torch.arange(1.0, 17.0).view(1, 4, 2, 2)
    for c, frame in enumerate(frames[2, :4]):
        _plot(frame, channels[:, c : c + 1], f"channel {c + 1} of 4", lambda i, j, c=c: FILLS[c])
    shuffled = nn.PixelShuffle(2)(channels)
    _plot(frames[2, 4], shuffled, "pixel shuffle", lambda i, j: FILLS[2 * (i % 2) + j % 2])
    return figure


def _plot_bilinear(frame: Axes) -> None:
    """Each value in the mixture of the colours of the inputs, by their weights: what a single 1 at each of them becomes."""
    layer = nn.Upsample(scale_factor=2, mode="bilinear")
    weights = layer(torch.eye(4).view(1, 4, 2, 2))[0]
    mixed = torch.einsum("cij,ck->ijk", weights, torch.tensor([to_rgb(colour) for colour in FILLS[:4]]))
    words = [[f"{value:.4g}" for value in row] for row in layer(VALUES)[0, 0].tolist()]
    plot_cells(frame, words, "bilinear", lambda i, j: to_hex(tuple(mixed[i, j].tolist())), extent=(4, 4), fontsize=9)


def _plot(frame: Axes, values: Tensor, title: str, colour: Colour | None = None) -> None:
    words = cell_texts(values)
    by_value = lambda i, j: FILLS[int(words[i][j]) - 1] if words[i][j] != "0" else WHITE  # noqa: E731
    zeros = {(i, j) for i, row in enumerate(words) for j, word in enumerate(row) if word == "0"}
    plot_cells(frame, words, title, colour or by_value, padding=zeros, extent=(4, 4))


def _quarter(i: int, j: int) -> str:
    return FILLS[2 * i + j]


def _block(i: int, j: int) -> str:
    return _quarter(i // 2, j // 2)


def _maxima(offset: Tensor) -> list[tuple[int, int, int, int]]:
    table = enumerate(offset[0, 0].tolist())
    return [(2 * y + k // 2, 2 * x + k % 2, 1, 1) for y, row in table for x, k in enumerate(row)]
