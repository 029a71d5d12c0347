"""A 3×3 convolution with stride 2 and its transpose, one step after the other."""

from itertools import product

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor

from ablate.figure.cells import axes_grid, cell_texts, plot_cells
from ablate.figure.colours import FILLS, LIGHT_GREY, WHITE

KERNEL = torch.tensor([[1.0, 2.0, 1.0], [2.0, 3.0, 2.0], [1.0, 2.0, 1.0]]).view(1, 1, 3, 3)
STEPS = list(product(range(2), range(2)))


def convolution() -> Figure:
    """Where the kernel lies at each of four steps, and the number that it gives."""
    x = torch.randint(0, 5, (1, 1, 4, 4), generator=torch.Generator().manual_seed(1)).float()
    y = F.conv2d(x, KERNEL, stride=2, padding=1)
    padded = F.pad(x, (1, 1, 1, 1))
    figure, frames = axes_grid(5, 2.3, (2.5, 1.2), "Convolution, kernel 3×3, stride 2, padding 1: 4×4 to 2×2")
    plot_cells(frames[0, 0], cell_texts(KERNEL), "kernel", lambda i, j: FILLS[4], extent=(6, 6))
    for step, (i, j) in enumerate(STEPS):
        window = (2 * i, 2 * j, 3, 3)
        inside = dict.fromkeys(product(range(2 * i, 2 * i + 3), range(2 * j, 2 * j + 3)), FILLS[4])
        plot_cells(frames[0, step + 1], cell_texts(padded), f"step {step + 1}: padded input", inside, [window], (6, 6))
        done = [[f"{y[0, 0, a, b]:g}" if 2 * a + b <= step else "" for b in range(2)] for a in range(2)]
        plot_cells(frames[1, step + 1], done, "output", {(i, j): FILLS[4]}, [(i, j, 1, 1)], (2, 6))
    return figure


def transposed_convolution() -> Figure:
    """Each input value lays a scaled kernel onto the output, at twice its distance; where kernels overlap, they add up."""
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(1, 1, 2, 2)
    parts = [_part(x, i, j) for i, j in STEPS]
    total = F.conv_transpose2d(x, KERNEL, stride=2)
    if not torch.equal(torch.stack(parts).sum(0), total):
        raise AssertionError("a transposed convolution is linear")
    figure, frames = axes_grid(5, 2.7, (1.7, 2.9), "Transposed convolution, kernel 3×3, stride 2: 2×2 to 5×5, overlaps are sums")
    plot_cells(frames[0, 0], cell_texts(KERNEL), "kernel", lambda i, j: FILLS[4], extent=(3, 5))
    reached: list[list[list[str]]] = [[[] for _ in range(5)] for _ in range(5)]
    for step, (i, j) in enumerate(STEPS):
        plot_cells(frames[0, step + 1], cell_texts(x), f"step {step + 1}: input", {(i, j): FILLS[step]}, [(i, j, 1, 1)], (3, 5))
        for a, b in product(range(2 * i, 2 * i + 3), range(2 * j, 2 * j + 3)):
            reached[a][b].append(f"{parts[step][0, 0, a, b]:g}")
        words = [[_sum(each) for each in row] for row in reached]
        colour = dict.fromkeys(product(range(2 * i, 2 * i + 3), range(2 * j, 2 * j + 3)), FILLS[step])
        plot_cells(frames[1, step + 1], words, "output", colour, [(2 * i, 2 * j, 3, 3)], (5, 5), fontsize=9)
    overlap = lambda a, b: LIGHT_GREY if len(reached[a][b]) > 1 else WHITE  # noqa: E731
    plot_cells(frames[1, 0], cell_texts(total), "the output; grey:\nmore than one kernel", overlap, extent=(5, 5))
    return figure


def _part(x: Tensor, i: int, j: int) -> Tensor:
    one = torch.zeros_like(x)
    one[..., i, j] = x[..., i, j]
    return F.conv_transpose2d(one, KERNEL, stride=2)


def _sum(terms: list[str]) -> str:
    """In two lines where it is long."""
    return "+".join(terms) if len(terms) < 3 else "+".join(terms[:2]) + "+\n" + "+".join(terms[2:])
