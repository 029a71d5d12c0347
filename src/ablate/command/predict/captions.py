"""Captions of new pictures."""

from pathlib import Path

import torch
from PIL import Image

from ablate.command.predict.pictures import as_trained, find_pictures, make_room, readable
from ablate.command.predict.words import Wrote, likely, say, write
from ablate.data.batch import CaptionBatch
from ablate.data.text.teacher_forcing import shifted
from ablate.task.captioning import Captioning


def write_captions(task: Captioning, source: Path, output: Path) -> None:
    """The caption of each picture, shown; of a network with attention NAME_attention.png too, where it looked for each word."""
    pictures, looks = find_pictures(source), task.model.decoder.attention is not None
    if looks:
        make_room(output, pictures, "attention", _targets)
    for path, picture in readable(pictures):
        wrote = caption(task, picture)
        say(f"{path.name}: {likely(wrote.text, wrote.probability)}")
        if looks:
            _draw(task, picture, wrote, *_targets(output, path.stem))
    if looks:
        say(f"where the network looked for each word: {output}")


@torch.no_grad()
def caption(task: Captioning, picture: Image.Image) -> Wrote:
    """What the network writes of one picture."""
    nothing = torch.zeros(0, dtype=torch.long)
    batch = CaptionBatch(as_trained(task, picture), *shifted([nothing]), torch.zeros(1, dtype=torch.long))
    return write(task, task.read(batch))


@torch.no_grad()
def _draw(task: Captioning, picture: Image.Image, wrote: Wrote, file: Path) -> None:
    from ablate.figure.attention import Strip, attention_strips

    image = as_trained(task, picture)
    grid = tuple(task.model.reader.feature_map(image).shape[2:])
    attention_strips([Strip(image[0].cpu(), wrote.tokens, wrote.weights)], grid).savefig(file, dpi=120)


def _targets(output: Path, name: str) -> tuple[Path]:
    return (output / f"{name}_attention.png",)
