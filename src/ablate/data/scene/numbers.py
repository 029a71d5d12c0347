"""The random numbers from which a scene is made: one record for the picture and one for each object."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")

# Every number is uniform in [0, 1); the name says what it decides.
_TEXTURE = [("frequency", "f8", 2), ("phase", "f8", 2), ("bend", "f8"), ("mix", "f8"), ("gain", "f8")]
OBJECT = np.dtype(
    [("shape", "f8"), ("colour", "f8"), ("radius", "f8"), ("stroke", "f8"), ("centre", "f8", 2)]
    + [("jitter", "f8", 3), ("shade", "f8"), ("angle", "f8", 2), *_TEXTURE]  # angle: of the object, of its texture
)
PICTURE = np.dtype(
    [("count", "f8"), ("noise_key", "f8"), ("tone", "f8", 2), ("tint", "f8", (2, 3))]
    + [("light", "f8"), ("slope", "f8"), ("spot", "f8", 2), ("spot_radius", "f8"), ("spot_light", "f8")]
    + [("angle", "f8", 2), *_TEXTURE]  # angle: of the slope of the light, of the texture
)
_HEAD = PICTURE.itemsize // 8


class SceneNumbers(NamedTuple):
    """The random numbers of one scene. k: the largest number of objects that a scene can have."""

    index: int
    numbers: np.ndarray  # one PICTURE, then k times OBJECT, from the lowest to the topmost
    turn: np.ndarray  # (1 + k, 2, 2): cosine and sine of the two angles of the picture and of each object


def sample_numbers(random: np.random.Generator, index: int, k: int) -> SceneNumbers:
    """The numbers of scene `index`.

    Cosine and sine are computed for one scene at a time, because numpy may round them otherwise in a longer array.
    """
    numbers = random.random(_HEAD + k * OBJECT.itemsize // 8)
    picture, objects = records(numbers)
    angle = 2 * np.pi * np.concatenate([picture["angle"], objects["angle"]])
    return SceneNumbers(index, numbers, np.stack([np.cos(angle), np.sin(angle)], -1))


def records(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Views of (..., m) numbers: (..., 1) records PICTURE and (..., k) records OBJECT."""
    return numbers[..., :_HEAD].view(PICTURE), numbers[..., _HEAD:].view(OBJECT)


def present_objects(numbers: np.ndarray, fewest: int, most: int) -> np.ndarray:
    """The OBJECT records of the objects that one scene has, of `fewest` to `most`."""
    picture, objects = records(numbers)
    return objects[: pick(range(fewest, most + 1), picture["count"][0])]


def pick(choices: Sequence[T], uniform: float) -> T:
    """The choice that a number in [0, 1) stands for. All choices are equally likely."""
    return choices[int(uniform * len(choices))]


def number_for(choices: Sequence[str], chosen: str) -> float:
    """A number for which `pick` gives `chosen`."""
    return (choices.index(chosen) + 0.5) / len(choices)
