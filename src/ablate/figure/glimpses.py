"""The path of glimpses over a picture, what the sensor saw at each of them, and where it looked in a whole split."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ablate.figure.colours import CORRECT, INCORRECT, ORANGE, SKY_BLUE, UNJUDGED
from ablate.figure.labels import printable
from ablate.model.glimpse.base import Glimpses, GlimpsingModel
from ablate.model.glimpse.sensor import glimpse

PICTURE, PATCH, TITLE = 2.0, 1.05, 0.3  # inches: of a picture, of what a glimpse saw, of a line above them
MAP, COLUMNS = 1.6, 7  # inches of a map of places; how many stand beside each other


class Path(NamedTuple):
    """A picture, where it was looked at, what was seen there, and what was said after each glimpse."""

    image: Float[Tensor, "h w"]
    location: Float[Tensor, "t 2"]  # y, x from -1 to 1
    seen: Float[Tensor, "t s n n"]  # patches, the smallest first
    classes: Sequence[str]  # after each glimpse
    probability: Sequence[float]  # that it gave to this class
    truth: Sequence[str]  # what would be right after each glimpse; empty where nothing is asked any more, or it is not known
    title: str


def paths_of(
    network: GlimpsingModel,
    image: Float[Tensor, "b 1 h w"],
    found: Glimpses,
    names: Sequence[str],
    truth: Sequence[Sequence[str]],
    titles: Sequence[str] | None = None,
) -> list[Path]:
    """What a network found in pictures.

    Args:
        names: of the classes.
        truth: the right labels of each picture, in their order; empty texts where there are none.
        titles: of the pictures; None: their labels.
    """
    assert found.location is not None
    a_label = network.glimpses_a_label
    seen = torch.stack([glimpse(image, place, network.width, network.scales) for place in found.location.unbind(1)], 1)
    probability, guess = (each.tolist() for each in found.logits.float().softmax(2).max(2))
    return [
        Path(
            picture[0],
            location,
            patches,
            [names[k] for k in guess[i]],
            probability[i],
            [label for label in truth[i] for _ in range(a_label)],
            titles[i] if titles else " ".join(filter(None, truth[i])),
        )
        for i, (picture, location, patches) in enumerate(zip(image, found.location, seen, strict=True))
    ]


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
        for axes, patches, name, share, truth in zip(others, path.seen, path.classes, path.probability, path.truth, strict=True):
            axes.imshow(retina(patches.float().cpu().numpy()), cmap="gray", vmin=0, vmax=1)
            colour = UNJUDGED if not truth else CORRECT if name == truth else INCORRECT
            axes.set_title(printable(f"{name} ({share:.2f})"), fontsize=8, color=colour)
            axes.set_axis_off()
    return figure


def plot_locations(counts: Int[Tensor, "t rows columns"]) -> Figure:
    """A map of the picture for each glimpse, and one for all: how many of the paths look into each part of it.

    Each map has a scale of its own, from none to the share that its title names, that of the part which is looked at most.
    """
    shares = (counts / counts.sum((1, 2), keepdim=True).clamp(min=1)).cpu().numpy()
    shown = {**{f"glimpse {i}": share for i, share in enumerate(shares, 1)}, "all": shares.mean(0)}
    columns = min(len(shown), COLUMNS)
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(columns * MAP, rows * (MAP + TITLE)), layout="constrained")
    frames = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, (name, share) in zip(frames, shown.items(), strict=False):
        axes.imshow(share, cmap="inferno", vmin=0, vmax=max(float(share.max()), 1e-9), extent=(-1, 1, 1, -1))
        axes.set_title(f"{name}: {share.max():.0%}", fontsize=9)
    for axes in frames:
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
    axes.set_title(printable(path.title), fontsize=8)
    axes.set_axis_off()
