"""Frames at given places of a figure, in inches: tables of pictures need no layout to be sought."""

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """A frame whose upper left corner is so far from that of the figure."""
    whole_width, whole_height = figure.get_size_inches()
    low = whole_height - top - height
    return figure.add_axes((left / whole_width, low / whole_height, width / whole_width, height / whole_height))


def colour_bar(figure: Figure, left: float, top: float, height: float, cmap: str | Colormap, high: float, label: str) -> Axes:
    """What the colours from 0 to `high` mean."""
    axes = place(figure, left, top, 0.13, height)
    figure.colorbar(ScalarMappable(Normalize(0, high), cmap), cax=axes)
    axes.tick_params(labelsize=8)
    axes.set_ylabel(label, fontsize=8)
    return axes
