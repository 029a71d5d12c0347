"""Masks of new pictures."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from PIL import Image
from rich.progress import track
from torch import Tensor

from ablate.command.predict.options import DataOptions
from ablate.command.predict.pictures import find_pictures, make_room, readable
from ablate.console import console
from ablate.figure.panel import colour_map
from ablate.task.segmentation import Segmentation


def write_masks(task: Segmentation, source: Path, output: Path) -> None:
    """A palette mask NAME.png and an overlay NAME_overlay.png for each picture, at the picture's own size."""
    pictures, palette = find_pictures(source), DataOptions.of(task).palette
    make_room(output, pictures, "masks", _targets)
    for path, picture in readable(track(pictures, description="predicting", console=console)):
        image = np.asarray(picture)
        _write(image, segment(task, image), palette, *_targets(output, path.stem))
    console.print(f"{len(pictures)} masks and overlays in {output}")


@torch.inference_mode()
def segment(task: Segmentation, image: np.ndarray) -> Int[Tensor, "h w"]:
    """Class indices of one picture, (h, w, 3) uint8."""
    pixels = torch.from_numpy(image.copy()).to(task.device).permute(2, 0, 1)[None].float() / 255
    return task.model(pixels).argmax(1)[0].cpu()


def _targets(output: Path, name: str) -> tuple[Path, Path]:
    return output / f"{name}.png", output / f"{name}_overlay.png"


def _write(image: np.ndarray, label: Tensor, palette: list[list[int]], mask_file: Path, overlay_file: Path) -> None:
    mask = Image.fromarray(label.byte().numpy(), mode="P")
    mask.putpalette([value for colour in palette for value in colour])
    mask.save(mask_file)
    overlay = Image.blend(Image.fromarray(image), Image.fromarray(colour_map(label, palette)), 0.5)
    overlay.save(overlay_file)
