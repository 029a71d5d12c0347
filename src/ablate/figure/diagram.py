"""Circles, boxes, arrows and numbers: what the diagrams of networks are made of."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch
from torch import Tensor

from ablate.figure.colours import DARK_GREY

SLIDE = (13.33, 7.5)  # inches: 16:9
RADIUS = 0.36  # of circles
HALF = (0.42, 0.36)  # of boxes
Point = tuple[float, float]


def slide(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    """A slide with a title and axes from 0 to width and height, in which a circle is round."""
    figure = Figure(figsize=SLIDE, layout="constrained")
    figure.suptitle(title, fontsize=14)
    axes = figure.subplots()
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.axis("off")
    return figure, axes


def node(axes: Axes, x: float, y: float, word: str, colour: str) -> None:
    """A circle with a word."""
    axes.add_patch(Circle((x, y), RADIUS, facecolor=colour, edgecolor=DARK_GREY, zorder=3))
    axes.text(x, y, word, ha="center", va="center", fontsize=12, zorder=4)


def box(axes: Axes, x: float, y: float, word: str, colour: str, width: float = 2 * HALF[0]) -> None:
    """A box with round corners and a word."""
    side, high = width - 0.16, 2 * HALF[1] - 0.16
    corner = (x - side / 2, y - high / 2)
    axes.add_patch(FancyBboxPatch(corner, side, high, "round,pad=0.08", facecolor=colour, edgecolor=DARK_GREY, zorder=3))
    axes.text(x, y, word, ha="center", va="center", fontsize=12, zorder=4)


def arrow(axes: Axes, start: Point, end: Point, colour: str = DARK_GREY, width: float = 1.3, bend: str = "arc3") -> None:
    """An arrow from point to point."""
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0, "connectionstyle": bend}
    axes.annotate("", end, start, arrowprops=style, zorder=2)


def path(axes: Axes, *points: Point, colour: str = DARK_GREY) -> None:
    """Straight lines through points, with an arrow at the end."""
    axes.plot(*zip(*points[:-1]), color=colour, linewidth=1.3, solid_capstyle="round", zorder=1)
    arrow(axes, points[-2], points[-1], colour)


def numbers(axes: Axes, x: float, y: float, values: Tensor, ha: str = "left") -> None:
    """The numbers of a vector, one under the other."""
    words = "\n".join(f"{value:.3f}".replace("-", "−") for value in values.flatten().tolist())
    axes.text(x, y, words, ha=ha, va="center", fontsize=10, color=DARK_GREY, zorder=5, linespacing=1.1)
