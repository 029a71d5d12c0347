"""Which objects of a scene can be seen, and where: what captions and questions are about."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
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


class OneScene(NamedTuple):
    """One picture of a `Scene`."""

    shape: Int[Tensor, " k"]
    colour: Int[Tensor, " k"]
    radius: Float[Tensor, " k"]
    centre: Float[Tensor, "k 2"]
    angle: Float[Tensor, " k"]
    count: Int[Tensor, ""]


def visible_objects(scene: Scene, size: tuple[int, int]) -> list[list[VisibleObject]]:
    """The visible objects of each picture of a batch, from the lowest to the topmost.

    The visible share of an object is the part of its area that lies within the picture and under no later object, measured on a
    lattice of points. An object is clear from share CLEAR on, and left out below HIDDEN. Where none is clear, the object of the
    largest share is. A scene does not hold the strokes of thin shapes; the mean stroke is used.
    """
    return [_visible_objects(OneScene(*(field[b] for field in scene)), size) for b in range(len(scene.count))]


def _visible_objects(scene: OneScene, size: tuple[int, int]) -> list[VisibleObject]:
    count = int(scene.count)
    if not count:
        return []
    share = _visible_shares(scene, count, size)
    unit, best = min(size) / REFERENCE, max(share)
    centre = (scene.centre / torch.tensor(size)).tolist()
    return [
        VisibleObject(
            SHAPES[scene.shape[k]],
            [*COLOURS][scene.colour[k]],
            float(scene.radius[k]) / unit,
            centre[k][0],
            centre[k][1],
            share[k] >= min(CLEAR, best),
        )
        for k in range(count)
        if share[k] >= HIDDEN
    ]


def _visible_shares(scene: OneScene, count: int, size: tuple[int, int]) -> list[float]:
    """The visible share of each object's area."""
    step = (torch.arange(LATTICE) + 0.5) / LATTICE * 2 - 1
    y, x = (scene.centre[:count, i, None] + scene.radius[:count, None] * step for i in (0, 1))
    within = ((y >= 0) & (y < size[0]))[:, :, None] & ((x >= 0) & (x < size[1]))[:, None]
    inside = torch.stack([_inside(scene, k, y, x, size) for k in range(count)])  # object, lattice of which object, y, x
    shares = []
    for k in range(count):
        free = within[k] & ~inside[k + 1 :, k].any(0)
        shares.append(float((inside[k, k] & free).sum() / inside[k, k].sum().clamp(min=1)))
    return shares


def _inside(scene: OneScene, k: int, y: Tensor, x: Tensor, size: tuple[int, int]) -> Bool[Tensor, "n y x"]:
    dy, dx = (y - scene.centre[k, 0])[:, :, None], (x - scene.centre[k, 1])[:, None]
    cos, sin = scene.angle[k].cos(), scene.angle[k].sin()
    stroke = max(LEAST_STROKE, sum(STROKE) / 2 * min(size) / REFERENCE)
    one = torch.ones(len(y), 1, 1)
    return DISTANCE[SHAPES[scene.shape[k]]](dx * cos - dy * sin, dx * -sin - dy * cos, scene.radius[k] * one, stroke * one) <= 0
