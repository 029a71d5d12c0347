"""Which objects of a scene can be seen, and where: what captions and questions are about."""

from typing import NamedTuple

import torch
from jaxtyping import Bool
from torch import Tensor

from ablate.data.batch import Scene
from ablate.data.scene.parameters import COLOURS, LEAST_STROKE, REFERENCE, SHAPES, STROKE
from ablate.data.scene.shapes import DISTANCE

CLEAR, HIDDEN = 0.6, 0.05  # visible share from which on an object is clear; share below which it is left out
LATTICE = 24  # points along the side of the square around an object, at which its visible share is measured


class VisibleObject(NamedTuple):
    """An object as it can be seen."""

    shape: str
    colour: str
    radius: float  # pixels, of a picture whose shorter side is REFERENCE
    y: float  # of the centre, as a share of the picture's height and width
    x: float
    clear: bool  # False: mostly covered or outside; captions leave it out, and a caption that names it is not false


def visible_objects(scene: Scene, size: tuple[int, int]) -> list[list[VisibleObject]]:
    """The visible objects of each picture of a batch, from the lowest to the topmost.

    The visible share of an object is the part of its area that lies within the picture and under no later object, measured on a
    lattice of points. An object is clear from share CLEAR on, and left out below HIDDEN. Where none is clear, the object of the
    largest share is. A scene does not hold the strokes of thin shapes; the mean stroke is used.
    """
    return [_visible_objects(scene, b, size) for b in range(len(scene.count))]


def _visible_objects(scene: Scene, b: int, size: tuple[int, int]) -> list[VisibleObject]:
    count = int(scene.count[b])
    if not count:
        return []
    share = _visible_shares(scene, b, count, size)
    unit, best = min(size) / REFERENCE, max(share)
    centre = (scene.centre[b] / torch.tensor(size)).tolist()
    return [
        VisibleObject(
            SHAPES[scene.shape[b, k]],
            [*COLOURS][scene.colour[b, k]],
            float(scene.radius[b, k]) / unit,
            centre[k][0],
            centre[k][1],
            share[k] >= min(CLEAR, best),
        )
        for k in range(count)
        if share[k] >= HIDDEN
    ]


def _visible_shares(scene: Scene, b: int, count: int, size: tuple[int, int]) -> list[float]:
    """The visible share of each object's area."""
    step = (torch.arange(LATTICE) + 0.5) / LATTICE * 2 - 1
    y, x = (scene.centre[b, :count, i, None] + scene.radius[b, :count, None] * step for i in (0, 1))
    within = ((y >= 0) & (y < size[0]))[:, :, None] & ((x >= 0) & (x < size[1]))[:, None]
    inside = torch.stack([_inside(scene, b, k, y, x, size) for k in range(count)])  # object, lattice of which object, y, x
    shares = []
    for k in range(count):
        free = within[k] & ~inside[k + 1 :, k].any(0)
        shares.append(float((inside[k, k] & free).sum() / inside[k, k].sum().clamp(min=1)))
    return shares


def _inside(scene: Scene, b: int, k: int, y: Tensor, x: Tensor, size: tuple[int, int]) -> Bool[Tensor, "n y x"]:
    dy, dx = (y - scene.centre[b, k, 0])[:, :, None], (x - scene.centre[b, k, 1])[:, None]
    cos, sin = scene.angle[b, k].cos(), scene.angle[b, k].sin()
    stroke = max(LEAST_STROKE, sum(STROKE) / 2 * min(size) / REFERENCE)
    one = torch.ones(len(y), 1, 1)
    distance = DISTANCE[SHAPES[scene.shape[b, k]]]
    return distance(dx * cos - dy * sin, dx * -sin - dy * cos, scene.radius[b, k] * one, stroke * one) <= 0
