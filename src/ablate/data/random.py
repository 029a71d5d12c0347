"""The random numbers behind a generated scene, picture by picture."""

from typing import NamedTuple

import numpy as np

# Numbers uniform in [0, 1), by what they decide.
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


class Key(np.random.bit_generator.ISeedSequence):
    """Hands Philox its key, as `Philox(key=...)` does, which first collects entropy: half of a draw's time."""

    def __init__(self, *words: int) -> None:
        self.words = words

    def generate_state(self, n_words: int, dtype: type = np.uint32) -> np.ndarray:
        return np.array(self.words, dtype)


class Draw(NamedTuple):
    """One picture's random numbers. k: as many objects as a picture can have, whatever this one's count."""

    index: int
    numbers: np.ndarray  # one PICTURE, then k times OBJECT, from the lowest to the topmost
    turn: np.ndarray  # (1 + k, 2, 2): of the picture and the objects, the two angles' cosine and sine


def stream(seed: int, split: int, index: int, use: int = 0) -> np.random.Generator:
    """The random numbers of sample `index` < 2**40 of a split for one `use` < 2**16 of them; the picture's is 0."""
    return np.random.Generator(np.random.Philox(Key(seed, split << 56 | use << 40 | index)))  # type: ignore[arg-type]


def draw(seed: int, split: int, index: int, k: int, use: int = 0) -> Draw:
    """Sample `index` of a split, from a counter-based stream of its own.

    Cosine and sine are taken here, not for a batch: numpy may round them otherwise in an array of another length.

    Source: Philox, in Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011, section 3.3.
    """
    numbers = stream(seed, split, index, use).random(_HEAD + k * OBJECT.itemsize // 8)
    picture, objects = records(numbers)
    angle = 2 * np.pi * np.concatenate([picture["angle"], objects["angle"]])
    return Draw(index, numbers, np.stack([np.cos(angle), np.sin(angle)], -1))


def records(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(..., m) numbers by name: (..., 1) of PICTURE and (..., k) of OBJECT."""
    return numbers[..., :_HEAD].view(PICTURE), numbers[..., _HEAD:].view(OBJECT)
