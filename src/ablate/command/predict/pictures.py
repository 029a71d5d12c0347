"""Masks and captions of new pictures: which pictures a user names, and the files that are written for them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from rich.progress import track
from torch import Tensor

from ablate.command.predict.glimpses import Transcribed, draw_path, look
from ablate.command.predict.predictor import Predictor, segment
from ablate.command.predict.texts import GeneratedText, keep, refuse_taken, show, with_probability
from ablate.console import console
from ablate.data.picture.file import format_size, read_picture
from ablate.errors import BadInput
from ablate.figure.panel import colour_map, colours_of
from ablate.model.glimpse.base import GlimpsingModel
from ablate.model.segmenter.windows import Windows
from ablate.task.captioning import Captioning
from ablate.task.segmentation import Segmentation

SHOWN = 3  # classes
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}
MASK, OVERLAY = ".png", "_overlay.png"  # how the names of files end that are written
ATTENTION, GLIMPSES = "_attention.png", "_glimpses.png"


def write_masks(task: Segmentation, source: Path, output: Path, resize: bool | None = None, windows: Windows | None = None) -> None:
    """A palette mask NAME.png and an overlay NAME_overlay.png for each picture, at the picture's own size."""
    pictures, palette = find_pictures(source), colours_of(task.trained_on("palette"), len(task.trained_on("class_names")))
    make_room(output, pictures, "masks", (MASK, OVERLAY))
    for path, picture in readable(track(pictures, description="predicting", console=console)):
        with torch.inference_mode():
            found = segment(task, picture, resize, windows)
        label = torch.from_numpy(found.label)
        say_if_resized(path.name, picture, found.resized)
        mask = Image.fromarray(found.label.astype(np.uint8), mode="P")
        mask.putpalette([value for colour in palette for value in colour])
        mask.save(output / f"{path.stem}{MASK}")
        overlay = Image.blend(picture, Image.fromarray(colour_map(label, palette)), 0.5)
        overlay.save(output / f"{path.stem}{OVERLAY}")
        shares = np.bincount(found.label.ravel(), minlength=len(found.class_names)) / found.label.size
        keep(output, input=str(path), mask=f"{path.stem}{MASK}", shares=dict(zip(found.class_names, shares.tolist(), strict=True)))
    console.print(f"{len(pictures)} masks and overlays in {output}")


def say_if_resized(name: str, picture: Image.Image, seen: tuple[int, int] | None) -> None:
    """Print at which size a segmenter sees a picture, where that is not the picture's own."""
    if seen:
        own = format_size((picture.height, picture.width))
        show(f"{name} is {own}: the network sees it at {format_size(seen)}, as in its training (resize=false: as it is)")


def write_captions(predictor: Predictor, source: Path, output: Path) -> None:
    """Print the caption of each picture; of a network with attention, draw NAME_attention.png, too."""
    task = predictor.task
    pictures, attends = find_pictures(source), task.model.decoder.attention is not None
    if attends:
        make_room(output, pictures, "attention", (ATTENTION,))
    for path, picture in readable(pictures):
        generation = predictor.predict(picture)
        show(f"{path.name}: {with_probability(generation.text, generation.probability)}")
        keep(output, input=str(path), text=generation.text, probability=generation.probability)
        if attends:
            _plot(task, predictor.pixels(picture), generation, output / f"{path.stem}{ATTENTION}")
    if attends:
        show(f"attention at each word: {output}")


@torch.no_grad()
def _plot(task: Captioning, image: Float[Tensor, "1 3 h w"], generation: GeneratedText, file: Path) -> None:
    from ablate.figure.attention import Strip, attention_strips

    grid = tuple(task.model.encoder.feature_map(image.to(task.device)).shape[2:])
    attention_strips([Strip(image[0], generation.tokens, generation.weights)], grid).savefig(file, dpi=120)


def write_labels_of_pictures(predictor: Predictor, source: Path, output: Path) -> None:
    """Print the class of each picture, or its labels; of a network that looks in glimpses, draw NAME_glimpses.png, too."""
    task = predictor.task
    pictures, glimpses = find_pictures(source), isinstance(task.model, GlimpsingModel)
    if glimpses:
        make_room(output, pictures, "glimpses", (GLIMPSES,))
    for path, picture in readable(pictures):
        match predictor.predict(picture):
            case Transcribed() as found:
                title = " ".join(found.labels)
                show(f"{path.name}: {with_probability(title, math.prod(found.probability))}")
            case found:
                title = found.label
                show(f"{path.name}: {', '.join(with_probability(*each) for each in [*found.probabilities.items()][:SHOWN])}")
        keep(output, input=str(path), **found._asdict())
        if glimpses:
            draw_path(task, *look(task, picture), title, output / f"{path.stem}{GLIMPSES}")
    if glimpses:
        show(f"where the network looked: {output}")


def find_pictures(path: Path) -> list[Path]:
    """The picture at `path`, or all pictures of that folder."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(f"input={str(path)!r} is neither a picture nor a folder")
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not found:
        raise BadInput(f"input={str(path)!r} holds no picture ({', '.join(sorted(SUFFIXES))})")
    return found


def readable(paths: Iterable[Path]) -> Iterator[tuple[Path, Image.Image]]:
    """Each picture upright and as RGB; after the last one, BadInput names those that cannot be read."""
    unreadable = []
    for path in paths:
        try:
            picture = read_picture(path).convert("RGB")
        except BadInput as error:
            unreadable.append(str(error))
            continue
        yield path, picture
    if unreadable:
        raise BadInput("; ".join(unreadable))


def make_room(output: Path, pictures: Sequence[Path], what: str, endings: Sequence[str]) -> None:
    """Make the folder `output`; raise BadInput where a file would be written over, or two pictures have the same name."""
    output.mkdir(parents=True, exist_ok=True)
    names = [path.stem for path in pictures]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"two pictures are called {name!r}: their {what} would have one name; predict them apart")
        refuse_taken(output, [output / f"{name}{ending}" for ending in endings])
