"""What a network that looks at pictures in glimpses says of new ones, and where it looked."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ablate.data.picture.captions import resized
from ablate.errors import BadInput
from ablate.figure.glimpses import paths_of, plot_paths
from ablate.model.glimpse.base import Glimpses, GlimpsingModel
from ablate.schema.options import height_width
from ablate.task.glimpses import GlimpseTask

PLACES = {"oracle": "where the digits are", "random": "at random places"}


class Transcribed(NamedTuple):
    """The labels of a picture, up to its end."""

    labels: list[str]
    probability: list[float]  # of each label, and of the end where the network said it


def grey_pixels(task: GlimpseTask, picture: Image.Image) -> Float[Tensor, "1 1 h w"]:
    """A picture as the network was trained to see it: grey, at the size of the training, in [0, 1].

    Raises:
        BadInput: the network is a control that looks where a picture alone does not say.
    """
    if isinstance(task.model, GlimpsingModel) and (given := PLACES.get(task.model.locations)):
        raise BadInput(f"this network looks {given}, which a picture alone does not say: train with model.locations=learned")
    size = height_width(task.trained_on("image_size"))
    return resized(picture.convert("L"), size)[None, :1].to(task.device).float() / 255


@torch.no_grad()
def look(task: GlimpseTask, picture: Image.Image) -> tuple[Float[Tensor, "1 1 h w"], Glimpses]:
    """What the network sees of a picture, and what it says of it."""
    x = grey_pixels(task, picture)
    return x, task.model(x)


def transcribe(task: GlimpseTask, logits: Float[Tensor, "t k"]) -> Transcribed:
    """The labels that are said after their glimpses, up to the last class, which is the end."""
    names, a_label = task.trained_on("class_names"), task.model.glimpses_a_label
    best = logits[a_label - 1 :: a_label].float().softmax(1).max(1)
    found = best.indices.tolist()
    count = found.index(len(names) - 1) if len(names) - 1 in found else len(found)
    return Transcribed([names[k] for k in found[:count]], best.values[: count + 1].tolist())


def draw_path(task: GlimpseTask, x: Float[Tensor, "1 1 h w"], found: Glimpses, title: str, file: Path) -> None:
    """The path of the glimpses over a picture, and what was seen and said at each."""
    nothing: Any = [[""] * task.model.labels]
    paths = paths_of(task.model, x, found, task.trained_on("class_names"), nothing, [title])
    plot_paths(paths).savefig(file, dpi=120)
