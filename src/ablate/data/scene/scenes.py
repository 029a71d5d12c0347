"""Generated pictures of textured, rotated, overlapping shapes, with a class for each pixel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import Scene, SegmentationBatch
from ablate.data.generated import GeneratedDataset
from ablate.data.scene.numbers import SceneNumbers, sample_numbers
from ablate.data.scene.parameters import SHAPES, Scale, to_tensors, window_size
from ablate.data.scene.render import Backdrop, Objects, render
from ablate.data.scene.shapes import Shape
from ablate.data.scene.visibility import VisibleObject, visible_objects
from ablate.errors import BadInput
from ablate.schema.options import SOME, Count, Fraction, Range, Size, height_width

Factor = Annotated[float, Range(0, 4, open="least")]  # with 4, disc and line reach over all of a picture


class SceneBatch(NamedTuple):
    """Scenes that are not yet rendered."""

    index: Int[Tensor, " b"]
    backdrop: Backdrop
    objects: Objects
    scene: Scene


@dataclass(kw_only=True, eq=False)
class SceneDataset(GeneratedDataset):
    """One split of generated scenes: coloured shapes over a textured, unevenly lit, noisy background.

    Centres are continuous and uniform over the picture, so that labels have no phase on any grid. Colours do not depend on
    shapes. Object k lies over object k-1. Batches are rendered on the device where they are used.

    Args:
        image_size: one number, or height and width. All lengths grow with the shorter side.
        objects: fewest and most objects in a picture; each number between them is equally likely.
        noise: standard deviation of the pixel noise. Pixels range over [0, 1].
        shapes: those that occur, each once.

    Raises:
        BadInput: what `GeneratedDataset` refuses; pictures that could never have an object.
    """

    image_size: Size
    objects: Annotated[Sequence[Annotated[int, Range(0, 1000)]], Count(2, rising=True)]
    noise: Fraction
    shapes: Annotated[Sequence[Shape], SOME]
    scale = Scale()  # no field: captions and questions say which radii are small and large

    def __post_init__(self) -> None:
        super().__post_init__()
        self.size = height_width(self.image_size)
        if not self.objects[1]:
            raise BadInput("`objects`=[0, 0] makes empty pictures: allow one or more, as in [0, 1]")

    def numbers(self, index: int, use: int = 0) -> SceneNumbers:
        """The random numbers of scene `index`; another `use` makes another scene."""
        return sample_numbers(self.generator(index, use), index, self.objects[1])

    def to_batch(self, scenes: Sequence[SceneNumbers]) -> SceneBatch:
        """Parameters of the scenes on the CPU, without pixels."""
        index = torch.tensor([scene.index for scene in scenes])
        return SceneBatch(index, *to_tensors(scenes, self.size, self.objects, self.shapes, self.scale))

    def render(self, batch: SceneBatch) -> SegmentationBatch:
        """The pixels, computed on the device of the batch."""
        window = window_size(self.size, self.scale)
        image, label = render(batch.backdrop, batch.objects, self.size, window, float(self.noise))
        return SegmentationBatch(image, label, batch.index, batch.scene)

    def visible_in(self, scene: SceneNumbers) -> list[VisibleObject]:
        """The objects that can be seen in one scene."""
        return visible_objects(self.to_batch([scene]).scene, self.size)[0]


@dataclass(kw_only=True, eq=False)
class Scenes(SceneDataset):
    """Generated scenes with a class for each pixel.

    Args:
        class_names: background, then shapes.
        object_scale: factor of every radius, which is 7 to 16 pixels for solid shapes and 9 to 16 for thin ones, of 64 pixels.
        stroke_scale: factor of the width of thin shapes, which is 2.4 to 4.4 pixels of 64, and at least one pixel at any size.

    Raises:
        BadInput: what `SceneDataset` refuses, classes in another order.
    """

    class_names: Sequence[Literal["background", Shape]]
    object_scale: Factor = 1.0
    stroke_scale: Factor = 1.0
    shapes: Sequence[Shape] = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.scale = Scale(self.object_scale, self.stroke_scale)
        background, *self.shapes = self.class_names or [None]
        if background != "background":
            raise BadInput(f"`class_names`={self.class_names!r} must be background, then one or more of {', '.join(SHAPES)}")
        check_shapes("class_names", self.shapes)

    def make(self, index: int) -> SceneNumbers:
        return self.numbers(index)

    def collate(self, samples: list[SceneNumbers]) -> SceneBatch:
        return self.to_batch(samples)

    def finish(self, batch: SceneBatch) -> SegmentationBatch:
        return self.render(batch)


def check_shapes(name: str, shapes: Sequence[str], fewest: int = 1) -> None:
    """Raise BadInput about argument `name` unless `shapes` are `fewest` or more different names out of `SHAPES`."""
    if len(set(shapes)) < len(shapes):
        raise BadInput(f"`{name}`={list(shapes)!r} names a shape twice")
    if len(shapes) < fewest:
        raise BadInput(f"`{name}`={list(shapes)!r} must name {fewest} or more of {', '.join(SHAPES)}")
