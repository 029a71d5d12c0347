"""Every batch type, with every shape. Letters: b batch, h height, w width, k objects of a scene."""

from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor


class Scene(NamedTuple):
    """What is in a generated picture, back to front: object k lies over object k-1.

    Positions and radii are in pixels; (0, 0) is the outer corner of the top-left pixel, whose
    centre is (0.5, 0.5). Slots beyond `count` hold shape -1.
    """

    shape: Int[Tensor, "b k"]  # index into scenes.SHAPES, -1 for no object
    colour: Int[Tensor, "b k"]  # index into scenes.COLOURS
    radius: Float[Tensor, "b k"]
    centre: Float[Tensor, "b k 2"]  # y, x
    angle: Float[Tensor, "b k"]  # radians, counter-clockwise as seen on screen
    count: Int[Tensor, " b"]


class SegmentationBatch(NamedTuple):
    """Pictures with a class for each pixel."""

    image: Float[Tensor, "b 3 h w"]  # in [0, 1]
    label: Int[Tensor, "b h w"]  # class index, or the data set's ignore_index
    index: Int[Tensor, " b"]  # which sample of its split
    scene: Scene | None = None
