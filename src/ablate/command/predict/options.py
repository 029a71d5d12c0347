"""Options of the data that a network was trained on, by which its inputs are prepared and its outputs are named."""

from typing import NamedTuple

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ablate.data.picture.captions import resized
from ablate.data.picture.size import height_width
from ablate.task.base import Task


class DataOptions(NamedTuple):
    """Options of conf/data, as the checkpoint of a task keeps them; None where such data have none."""

    class_names: list[str] | None
    palette: list[list[int]] | None
    image_size: int | list[int] | None
    max_length: int | None  # tokens of a source or a story
    reverse: bool  # sources are read from their ends

    @classmethod
    def of(cls, task: Task) -> "DataOptions":
        """The options in the config of a task."""
        data = task.config["data"]
        dataset = data["dataset"]
        shown = data.get("class_names"), data.get("palette"), data.get("image_size")
        return cls(*shown, dataset.get("max_length"), dataset.get("reverse", False))

    def image(self, picture: Image.Image) -> Float[Tensor, "1 3 h w"]:
        """A picture of the size of those in training, in [0, 1]."""
        return resized(picture, height_width("image_size", self.image_size))[None].float() / 255
