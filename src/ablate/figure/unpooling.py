"""Three ways from 2×2 to 4×4 that have nothing to learn: nearest, bed of nails, max unpooling."""

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from ablate.figure.cells import Colour, axes_grid, cell_texts, plot_cells
from ablate.figure.colours import FILLS, WHITE
from ablate.model.segmenter.decoder.bed_of_nails import BedOfNails
from ablate.model.segmenter.decoder.max_unpool import MaxUnpool
from ablate.model.segmenter.max_pool import max_pool

VALUES = torch.arange(1.0, 5.0).view(1, 1, 2, 2)


def unpooling() -> Figure:
    """The output of each for the input 1 2 / 3 4; max unpooling takes the offsets of a max pooling before it."""
    before = (torch.randperm(16, generator=torch.Generator().manual_seed(2)) + 1.0).view(1, 1, 4, 4)
    pooled, offset = max_pool(before)
    figure, frames = axes_grid(4, 2.2, (2.4, 2.5), "Unpooling by 2: colours say where a value comes from, white is 0")
    _plot(frames[0, 0], VALUES, "input", _quarter)
    _plot(frames[0, 1], nn.Upsample(scale_factor=2)(VALUES), "nearest", _block)
    _plot(frames[0, 2], BedOfNails()(VALUES), "bed of nails")
    plot_cells(frames[1, 0], cell_texts(before), "before max pooling", _block, marked=_maxima(offset), extent=(4, 4))
    _plot(frames[1, 1], pooled, "max pooling\nkeeps values and places", _quarter)
    _plot(frames[1, 2], VALUES, "other values,\nfrom later layers", _quarter)
    _plot(frames[1, 3], MaxUnpool()(VALUES, offset), "max unpooling\nputs them at these places")
    return figure


def _plot(frame: Axes, values: Tensor, title: str, colour: Colour | None = None) -> None:
    words = cell_texts(values)
    by_value = lambda i, j: FILLS[int(words[i][j]) - 1] if words[i][j] != "0" else WHITE  # noqa: E731
    plot_cells(frame, words, title, colour or by_value, extent=(4, 4))


def _quarter(i: int, j: int) -> str:
    return FILLS[2 * i + j]


def _block(i: int, j: int) -> str:
    return _quarter(i // 2, j // 2)


def _maxima(offset: Tensor) -> list[tuple[int, int, int, int]]:
    table = enumerate(offset[0, 0].tolist())
    return [(2 * y + k // 2, 2 * x + k % 2, 1, 1) for y, row in table for x, k in enumerate(row)]
