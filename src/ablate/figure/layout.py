"""Axes at given positions of a figure, in inches, so that matplotlib need not search for a layout."""

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """New axes whose upper left corner lies `left` and `top` inches from the figure's."""
    figure_width, figure_height = figure.get_size_inches()
    bottom = figure_height - top - height
    return figure.add_axes((left / figure_width, bottom / figure_height, width / figure_width, height / figure_height))


def colour_bar(figure: Figure, left: float, top: float, height: float, cmap: str | Colormap, high: float, label: str) -> Axes:
    """The scale of a colour map from 0 to `high`."""
    axes = axes_at(figure, left, top, 0.13, height)
    figure.colorbar(ScalarMappable(Normalize(0, high), cmap), cax=axes)
    axes.tick_params(labelsize=8)
    axes.set_ylabel(label, fontsize=8)
    return axes
