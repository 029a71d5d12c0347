"""Captions of new pictures."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ablate.command.predict.options import DataOptions
from ablate.command.predict.pictures import find_pictures, make_room, readable
from ablate.command.predict.texts import GeneratedText, generate, show, with_probability
from ablate.data.single import caption_batch
from ablate.task.captioning import Captioning


def write_captions(task: Captioning, source: Path, output: Path) -> None:
    """Print the caption of each picture; of a network with attention, draw NAME_attention.png, too."""
    pictures, attends, options = find_pictures(source), task.model.decoder.attention is not None, DataOptions.of(task)
    if attends:
        make_room(output, pictures, "attention", _targets)
    for path, picture in readable(pictures):
        image = options.image(picture)
        generation = caption(task, image)
        show(f"{path.name}: {with_probability(generation.text, generation.probability)}")
        if attends:
            _plot(task, image, generation, *_targets(output, path.stem))
    if attends:
        show(f"attention at each word: {output}")


@torch.no_grad()
def caption(task: Captioning, image: Float[Tensor, "1 3 h w"]) -> GeneratedText:
    """The caption that the network writes of a picture."""
    return generate(task, task.read(task.transfer_batch_to_device(caption_batch(image), task.device, 0)))


@torch.no_grad()
def _plot(task: Captioning, image: Float[Tensor, "1 3 h w"], generation: GeneratedText, file: Path) -> None:
    from ablate.figure.attention import Strip, attention_strips

    grid = tuple(task.model.reader.feature_map(image.to(task.device)).shape[2:])
    attention_strips([Strip(image[0], generation.tokens, generation.weights)], grid).savefig(file, dpi=120)


def _targets(output: Path, name: str) -> tuple[Path]:
    return (output / f"{name}_attention.png",)
