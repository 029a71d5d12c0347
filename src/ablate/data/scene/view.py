"""Which objects of a scene can be seen, and where: what may be said of a picture."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ablate.data.batch import Scene
from ablate.data.scene.parameters import COLOURS, LEAST_STROKE, REFERENCE, SHAPES, STROKE
from ablate.data.scene.shapes import DISTANCE

CLEAR, GONE = 0.6, 0.05  # least share of an object in view that is spoken of; share below which it is not there
LATTICE = 24  # points along the square around an object, at which coverage is measured


class Seen(NamedTuple):
    """An object as one sees it."""

    shape: str
    colour: str
    radius: float  # pixels, of a picture whose shorter side is REFERENCE
    y: float  # of the centre, as a share of the picture's height and width
    x: float
    clear: bool  # False: so much is covered or outside that nothing is said of it, and nobody is wrong who does


class Picture(NamedTuple):
    """One picture of a `Scene`."""

    shape: Int[Tensor, " k"]
    colour: Int[Tensor, " k"]
    radius: Float[Tensor, " k"]
    centre: Float[Tensor, "k 2"]
    angle: Float[Tensor, " k"]
    count: Int[Tensor, ""]


def look(scene: Scene, size: tuple[int, int]) -> list[list[Seen]]:
    """For each picture of a batch the objects that are there to be seen, from the lowest to the topmost.

    An object's area is what its outline holds, measured on a lattice; the share in view lies within the picture and under no later
    object. From CLEAR on it is clear, below GONE it is left out. Where none is clear, the one of largest share is.
    The scene does not know the strokes of thin shapes; their mean is taken.
    """
    return [_look(Picture(*(field[b] for field in scene)), size) for b in range(len(scene.count))]


def _look(scene: Picture, size: tuple[int, int]) -> list[Seen]:
    count = int(scene.count)
    if not count:
        return []
    share = _shares(scene, count, size)
    unit, best = min(size) / REFERENCE, max(share)
    place = (scene.centre / torch.tensor(size)).tolist()
    return [
        Seen(
            SHAPES[scene.shape[k]],
            [*COLOURS][scene.colour[k]],
            float(scene.radius[k]) / unit,
            place[k][0],
            place[k][1],
            share[k] >= min(CLEAR, best),
        )
        for k in range(count)
        if share[k] >= GONE
    ]


def _shares(scene: Picture, count: int, size: tuple[int, int]) -> list[float]:
    """Of each object's area, how much is in view."""
    step = (torch.arange(LATTICE) + 0.5) / LATTICE * 2 - 1
    y, x = (scene.centre[:count, i, None] + scene.radius[:count, None] * step for i in (0, 1))
    within = ((y >= 0) & (y < size[0]))[:, :, None] & ((x >= 0) & (x < size[1]))[:, None]
    inside = torch.stack([_inside(scene, k, y, x, size) for k in range(count)])  # which object, points around which, y, x
    seen = []
    for k in range(count):
        free = within[k] & ~inside[k + 1 :, k].any(0)
        seen.append(float((inside[k, k] & free).sum() / inside[k, k].sum().clamp(min=1)))
    return seen


def _inside(scene: Picture, k: int, y: Tensor, x: Tensor, size: tuple[int, int]) -> Bool[Tensor, "n y x"]:
    dy, dx = (y - scene.centre[k, 0])[:, :, None], (x - scene.centre[k, 1])[:, None]
    cos, sin = scene.angle[k].cos(), scene.angle[k].sin()
    stroke = max(LEAST_STROKE, sum(STROKE) / 2 * min(size) / REFERENCE)
    one = torch.ones(len(y), 1, 1)
    return DISTANCE[SHAPES[scene.shape[k]]](dx * cos - dy * sin, dx * -sin - dy * cos, scene.radius[k] * one, stroke * one) <= 0
