"""The path of glimpses over a picture, and what the sensor saw at each of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ablate.figure.colours import CORRECT, INCORRECT, ORANGE, SKY_BLUE
from ablate.figure.labels import printable

PICTURE, PATCH, TITLE = 2.0, 1.05, 0.3  # inches: of a picture, of what a glimpse saw, of a line above them


class Path(NamedTuple):
    """A picture, where it was looked at, what was seen there, and what was said after each glimpse."""

    image: Float[Tensor, "h w"]
    location: Float[Tensor, "t 2"]  # y, x from -1 to 1
    seen: Float[Tensor, "t s n n"]  # patches, the smallest first
    classes: Sequence[str]  # after each glimpse
    probability: Sequence[float]  # that it gave to this class
    truth: str


def plot_paths(paths: Sequence[Path]) -> Figure:
    """One row for each picture: the picture under its path, then the patches of each glimpse laid over each other.

    The path goes from 1 on; frames have the size of the smallest patch. Above each glimpse is the likeliest class after it.
    """
    steps = len(paths[0].classes)
    size = (PICTURE + steps * PATCH, len(paths) * (PICTURE + TITLE) * 0.8)
    figure = Figure(figsize=size, layout="constrained")
    rows = figure.subplots(len(paths), 1 + steps, squeeze=False, width_ratios=[PICTURE, *[PATCH] * steps])
    for (first, *others), path in zip(rows, paths, strict=True):
        _plot_path(first, path)
        for axes, patches, name, share in zip(others, path.seen, path.classes, path.probability, strict=True):
            axes.imshow(retina(patches.float().cpu().numpy()), cmap="gray", vmin=0, vmax=1)
            axes.set_title(printable(f"{name} ({share:.2f})"), fontsize=8, color=CORRECT if name == path.truth else INCORRECT)
            axes.set_axis_off()
    return figure


def retina(patches: Float[np.ndarray, "s n n"]) -> Float[np.ndarray, "m m"]:
    """The patches of one glimpse at their true sizes, the sharp ones over the coarse ones."""
    scales, n, _ = patches.shape
    side = n * 2 ** (scales - 1)
    picture = np.zeros((side, side), np.float32)
    for k in reversed(range(scales)):
        edge = (side - n * 2**k) // 2
        picture[edge : side - edge, edge : side - edge] = patches[k].repeat(2**k, 0).repeat(2**k, 1)
    return picture


def _plot_path(axes: Axes, path: Path) -> None:
    height, width = path.image.shape
    side = path.seen.shape[-1]
    places = (path.location.float().cpu().numpy() + 1) / 2 * [height, width] - 0.5  # pixel 0 lies from -0.5 to 0.5
    axes.imshow(path.image.float().cpu().numpy(), cmap="gray", vmin=0, vmax=1)
    axes.plot(places[:, 1], places[:, 0], color=ORANGE, lw=1.2)
    for i, (y, x) in enumerate(places, 1):
        axes.add_patch(Rectangle((x - side / 2, y - side / 2), side, side, fill=False, edgecolor=SKY_BLUE, lw=0.7, clip_on=True))
        axes.text(x, y, str(i), color=ORANGE, fontsize=7, ha="center", va="center", fontweight="bold", clip_on=True)
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axes.set_title(printable(path.truth), fontsize=8)
    axes.set_axis_off()
