"""Random numbers become positions, lengths and colours, for a batch of scenes on the CPU.

Letters: b pictures, k the largest number of objects in a picture, n objects of all pictures.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ablate.data.batch import Scene
from ablate.data.scene.numbers import SceneNumbers, records
from ablate.data.scene.render import Backdrop, Objects
from ablate.data.scene.shapes import DISTANCE, SOLID, Shape
from ablate.data.scene.texture import Texture

SHAPES = tuple(DISTANCE)
COLOURS = {
    "red": (0.84, 0.14, 0.16),
    "orange": (0.95, 0.55, 0.10),
    "yellow": (0.94, 0.88, 0.22),
    "green": (0.20, 0.66, 0.26),
    "cyan": (0.28, 0.80, 0.86),
    "blue": (0.16, 0.30, 0.84),
    "purple": (0.56, 0.24, 0.70),
    "white": (0.93, 0.93, 0.93),
}

# Pixels of a picture whose shorter side is REFERENCE; all lengths grow with it.
REFERENCE = 64
SOLID_RADIUS, THIN_RADIUS, STROKE = (7.0, 16.0), (9.0, 16.0), (2.4, 4.4)
OBJECT_FREQUENCY, PICTURE_FREQUENCY = (0.07, 0.2), (0.02, 0.13)  # cycles a pixel
LEAST_STROKE = 1.0  # of any picture: a thinner stroke passes between pixel centres, and its label has gaps


class Scale(NamedTuple):
    """By what the lengths above are multiplied."""

    radius: float = 1.0
    stroke: float = 1.0


def to_tensors(
    scenes: Sequence[SceneNumbers], size: tuple[int, int], counts: Sequence[int], names: Sequence[Shape], scale: Scale
) -> tuple[Backdrop, Objects, Scene]:
    """What the renderer takes for a batch of scenes, and their description.

    Args:
        scenes: the random numbers.
        size: height and width of a picture.
        counts: fewest and most objects.
        names: shapes that occur; shape i has label i + 1.
        scale: of radii and strokes.
    """
    picture, objects = records(np.stack([each.numbers for each in scenes]))
    picture, turn = picture[:, 0], np.stack([each.turn for each in scenes])
    scene = _scene(picture, objects, size, counts, names, scale.radius)
    return _backdrop(picture, turn[:, 0], size), _objects(scene, objects, turn[:, 1:], size, names, scale), scene


def window_size(size: tuple[int, int], scale: Scale) -> tuple[int, int]:
    """Height and width of a window that holds any object with its soft edge, at most those of the picture."""
    height, width = (min(side, int(2 * _reach(size, scale)) + 1) for side in size)
    return height, width


def _scene(
    picture: np.ndarray,
    objects: np.ndarray,
    size: tuple[int, int],
    counts: Sequence[int],
    names: Sequence[Shape],
    scale: float,
) -> Scene:
    count = counts[0] + _whole(picture["count"], counts[1] - counts[0] + 1)
    shape = np.array([SHAPES.index(name) for name in names])[_whole(objects["shape"], len(names))]
    solid = shape < len(SOLID)
    radius = np.where(solid, _between(objects["radius"], *SOLID_RADIUS), _between(objects["radius"], *THIN_RADIUS))
    present = np.arange(counts[1]) < count[:, None]
    return Scene(
        shape=torch.from_numpy(np.where(present, shape, -1)),
        colour=torch.from_numpy(_whole(objects["colour"], len(COLOURS))),
        radius=_float(radius * _unit(size) * scale),
        centre=_float(objects["centre"] * size),
        angle=_float(objects["angle"][..., 0] * 2 * np.pi),
        count=torch.from_numpy(count),
    )


def _objects(
    scene: Scene, objects: np.ndarray, turn: np.ndarray, size: tuple[int, int], names: Sequence[Shape], scale: Scale
) -> Objects:
    layer, owner = (scene.shape.T >= 0).nonzero(as_tuple=True)
    shape, colour, radius, centre = (field[owner, layer] for field in scene[:4])
    objects, turn = (each[owner.numpy(), layer.numpy()] for each in (objects, turn))  # a tensor of 1 would be an int
    tint = np.array([*COLOURS.values()])[colour.numpy()] + _between(objects["jitter"], -0.06, 0.06)
    shade = tint * _between(objects["shade"], 0.5, 0.85)[:, None]
    label = torch.tensor([names.index(name) + 1 if name in names else 0 for name in SHAPES])
    last_corner = torch.tensor(size) - torch.tensor(window_size(size, scale))
    return Objects(
        picture=owner,
        label=label[shape],
        corner=(centre - (_reach(size, scale) + 0.5)).ceil().long().clamp(min=0).minimum(last_corner),
        centre=centre,
        turn=_float(turn[:, 0]),
        radius=radius,
        stroke=_float(np.maximum(LEAST_STROKE, _between(objects["stroke"], *STROKE) * _unit(size) * scale.stroke)),
        texture=_texture(objects, turn[:, 1], OBJECT_FREQUENCY, size, tint, shade),
        of_shape={name: (shape == SHAPES.index(name)).nonzero()[:, 0] for name in names},
        layer_sizes=(scene.shape >= 0).sum(0).tolist(),
    )


def _backdrop(picture: np.ndarray, turn: np.ndarray, size: tuple[int, int]) -> Backdrop:
    slope = _between(picture["slope"], 0.0, 0.5)[:, None] * turn[:, 0]
    return Backdrop(
        texture=_texture(picture, turn[:, 1], PICTURE_FREQUENCY, size, *_ground_colours(picture)),
        light=_float(_between(picture["light"], 0.75, 1.15) - (slope[:, 0] + slope[:, 1]) / 2),
        slope=_float(slope / size),
        spot=_float(picture["spot"] * size),
        spot_scale=_float(1 / (_between(picture["spot_radius"], 0.3, 0.9) * min(size))),
        spot_light=_float(_between(picture["spot_light"], -0.35, 0.45)),
        noise_key=torch.from_numpy((picture["noise_key"] * 2**32).astype(np.uint32).view(np.int32)),
    )


def _ground_colours(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two greys with a tint; the second is darker or lighter than the first."""
    first, contrast = _between(picture["tone"][:, 0], 0.25, 0.7), _between(picture["tone"][:, 1], -1.0, 1.0)
    tint = _between(picture["tint"], -0.1, 0.1)
    second = first + np.copysign(_between(np.abs(contrast), 0.08, 0.24), contrast)
    return first[:, None] + tint[:, 0], second[:, None] + tint[:, 1]


def _texture(
    numbers: np.ndarray,
    turn: np.ndarray,
    frequency: tuple[float, float],
    size: tuple[int, int],
    colour: np.ndarray,
    accent: np.ndarray,
) -> Texture:
    cos, sin = turn.T
    waves = np.stack([sin, cos, cos, -sin], -1).reshape(-1, 2, 2)
    cycles = _between(numbers["frequency"], *frequency) / _unit(size)
    return Texture(
        frequency=_float(waves * cycles[:, :, None]),
        phase=_float(numbers["phase"]),
        bend=_float(_between(numbers["bend"], 0.0, 1.5)),
        mix=_float(numbers["mix"]),
        gain=_float(_between(numbers["gain"], 2.0, 7.0)),
        colour=_float(colour),
        accent=_float(accent),
    )


def _reach(size: tuple[int, int], scale: Scale) -> float:
    """The greatest distance from an object's centre to the end of its soft edge."""
    return _unit(size) * max(*SOLID_RADIUS, *THIN_RADIUS) * scale.radius + 1


def _unit(size: tuple[int, int]) -> float:
    return min(size) / REFERENCE


def _whole(uniform: np.ndarray, n: int) -> np.ndarray:
    """0 ... n - 1, all equally likely."""
    return np.floor(uniform * n).astype(np.int64)


def _between(uniform: np.ndarray, low: float, high: float) -> np.ndarray:
    return low + uniform * (high - low)


def _float(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
