"""Generated pictures of textured, rotated, overlapping shapes, with a class for each pixel."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import Scene, SegmentationBatch
from ablate.data.dataset import Dataset
from ablate.data.picture.size import height_width
from ablate.data.random import Draw, draw
from ablate.data.scene.parameters import COLOURS, SHAPES, to_tensors, window_size
from ablate.data.scene.render import Backdrop, Objects, render
from ablate.errors import BadInput, check_choice, check_positive

__all__ = ["COLOURS", "SHAPES", "SceneBatch", "Scenes"]

SPLITS = ("train", "val", "test")


class SceneBatch(NamedTuple):
    """Scenes not yet rendered."""

    index: Int[Tensor, " b"]
    backdrop: Backdrop
    objects: Objects
    scene: Scene


class Scenes(Dataset):
    """Coloured shapes over a textured, unevenly lit, noisy background; made, not read.

    Sample i of a split depends on (seed, split, i) and the options below, and not on batch, order, worker or device.
    Centres are continuous and uniform over the picture, so that labels have no phase on any grid. Colours say
    nothing about shapes. Object k lies over object k-1. `finish` makes the pixels, on the device of the batch.

    Args:
        split: train, val or test; each draws from streams of its own.
        sizes: split -> number of samples.
        image_size: one number, or height and width; all lengths grow with the shorter side.
        objects: fewest and most in a picture, each number between as likely.
        class_names: background, then shapes out of `SHAPES`.
        noise: standard deviation of the pixel noise; pictures range over [0, 1].
        seed: of the data set; not the run's.

    Raises:
        BadInput: an unknown split or class, a size below 1, a range upside down, negative noise or seed.
    """

    def __init__(
        self,
        split: str,
        *,
        sizes: dict[str, int],
        image_size: int | Sequence[int],
        objects: Sequence[int],
        class_names: Sequence[str],
        noise: float,
        seed: int,
    ) -> None:
        self.split = check_choice("split", split, SPLITS)
        if not isinstance(sizes, dict):
            raise BadInput(f"`sizes`={sizes!r} must be {{train: NUMBER, val: NUMBER, test: NUMBER}}")
        self.length = check_positive(f"sizes.{split}", sizes.get(split))
        self.size = height_width("image_size", image_size)
        self.counts = _check_objects(objects)
        self.shapes = _check_classes(class_names)
        if not isinstance(noise, (int, float)) or not 0 <= noise < float("inf"):
            raise BadInput(f"`noise`={noise!r} must be a number of at least 0")
        if not isinstance(seed, int) or not 0 <= seed < 2**64:
            raise BadInput(f"`seed`={seed!r} must be a whole number of at least 0 and below 2**64")
        self.noise, self.seed = float(noise), seed

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Draw:
        if not 0 <= index < self.length:
            raise IndexError(f"sample {index} of {self.length}")
        return draw(self.seed, SPLITS.index(self.split), index, self.counts[1])

    def collate(self, samples: list[Draw]) -> SceneBatch:
        """Parameters on the CPU, no pixels."""
        index = torch.tensor([sample.index for sample in samples])
        return SceneBatch(index, *to_tensors(samples, self.size, self.counts, self.shapes))

    def finish(self, batch: SceneBatch) -> SegmentationBatch:
        """Render, on the device of the batch."""
        image, label = render(batch.backdrop, batch.objects, self.size, window_size(self.size), self.noise)
        return SegmentationBatch(image, label, batch.index, batch.scene)


def _check_objects(objects: Sequence[int]) -> tuple[int, int]:
    whole = isinstance(objects, Sequence) and all(isinstance(number, int) for number in objects)
    if not whole or len(objects) != 2 or not 0 <= objects[0] <= objects[1] or objects[1] < 1:
        raise BadInput(f"`objects`={objects!r} must be [fewest, most], as [2, 6]: not negative, most > 0")
    return objects[0], objects[1]


def _check_classes(class_names: Sequence[str]) -> list[str]:
    background, *shapes = class_names or [None]
    if background != "background" or not shapes:
        known = ", ".join(SHAPES)
        raise BadInput(f"`class_names`={class_names!r} must be background, then one or more of {known}")
    for shape in shapes:
        check_choice("class_names", shape, SHAPES)
    if len(set(shapes)) < len(shapes):
        raise BadInput(f"`class_names`={class_names!r} names a class twice")
    return shapes
