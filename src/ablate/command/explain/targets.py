"""Which targets a user names, and the scores that they stand for."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ablate.command.predict.glimpses import look, transcribe
from ablate.command.predict.pictures import say_if_resized
from ablate.command.predict.predictor import Predictor, seen_pixels
from ablate.command.predict.texts import GeneratedText, generate, tokenise
from ablate.data.single import caption_batch, question_batch
from ablate.data.text.tokeniser import BEGIN, Tokeniser
from ablate.errors import BadInput, did_you_mean
from ablate.explanation.score import Score
from ablate.explanation.target import answer, class_over, picture_label, word, word_from_text
from ablate.task.base import Task
from ablate.task.captioning import Captioning
from ablate.task.glimpse_classification import GlimpseClassification
from ablate.task.glimpses import GlimpseTask
from ablate.task.question_answering import QuestionAnswering
from ablate.task.segmentation import Segmentation

PIXEL = re.compile(r"\s*([+-]?\d+)\s*,\s*([+-]?\d+)\s*")


class Target(NamedTuple):
    """What is explained of an input.

    Attributes:
        name: as the user would name it.
        x: what it is a score of, (1, c, h, w) or (1, t, e).
        mark: the pixel of x that is explained, y and x.
        attention: where the network looked as it wrote the word, over the grid of its features; None without attention.
    """

    name: str
    score: Score
    x: Tensor
    mark: tuple[int, int] | None = None
    attention: Float[Tensor, "rows columns"] | None = None


class NotThere(BadInput):
    """A target that this input does not have, and another may."""


def of_picture(predictor: Predictor, picture: Image.Image, name: str, target: str | None, options: Any) -> Iterator[Target]:
    """The targets of a picture, in the order in which they are shown.

    Args:
        name: of the picture, for messages.
        options: `question` and `resize` of the config.
    """
    match task := predictor.task:
        case Segmentation():
            yield from _of_segmenter(task, picture, name, target, options.resize)
        case Captioning():
            x = predictor.pixels(picture).to(task.device)
            written = generate(task, caption_batch(x))
            with torch.no_grad():
                grid = task.model.encoder.feature_map(x).shape[2:]
            for i, token in _words(written, target, f"the caption of {name}"):
                looked = None if written.weights is None else written.weights[i].view(*grid)
                yield Target(token, word(task.model, token_numbers(task, written), i + 1), x, attention=looked)
        case QuestionAnswering():
            yield _of_answer(predictor, picture, target, options.question)
        case GlimpseTask():
            yield from _of_glimpses(task, picture, name, target)


def of_classes(task: Task, target: str | None, logits: Float[Tensor, " k"]) -> tuple[str, int]:
    """The class that a user names, or the likeliest."""
    names = task.trained_on("class_names")
    if len(names) != len(logits):
        raise BadInput(f"the checkpoint names {len(names)} classes, its network has {len(logits)}")
    number = int(logits.argmax()) if target is None else class_number(names, target)
    return names[number], number


def class_number(names: Sequence[str], target: str, also: str = "") -> int:
    """The number of a class that the network has."""
    if target not in names:
        raise BadInput(f"target={target!r} is no class of the network{also}{did_you_mean(target, names)}")
    return list(names).index(target)


def _of_segmenter(task: Segmentation, picture: Image.Image, name: str, target: str | None, resize: bool | None) -> Iterator[Target]:
    x, seen = seen_pixels(task, picture, resize)
    say_if_resized(name, picture, seen)
    names = task.trained_on("class_names")
    with torch.no_grad():
        label = task.model(x).argmax(1)
    if target is not None and target not in names and (place := PIXEL.fullmatch(target)):
        row, column = _pixel(int(place[1]), int(place[2]), picture, name, target)
        y, at = row * x.shape[2] // picture.height, column * x.shape[3] // picture.width
        mask = torch.zeros_like(label, dtype=torch.bool)
        mask[0, y, at] = True
        number = int(label[0, y, at])
        yield Target(f"{names[number]} at {column},{row}", class_over(task.model, number, mask), x, (y, at))
        return
    found = label.unique().tolist()
    for number in found if target is None else [class_number(names, target, ", nor a pixel X,Y")]:
        if number not in found:
            others = ", ".join(names[i] for i in found)
            raise NotThere(f"target={target!r}: the network finds none in {name}, but {others}")
        yield Target(names[number], class_over(task.model, number, label == number), x)


def _pixel(x: int, y: int, picture: Image.Image, name: str, target: str) -> tuple[int, int]:
    if not (0 <= x < picture.width and 0 <= y < picture.height):
        size = f"X from 0 to {picture.width - 1}, Y from 0 to {picture.height - 1}"
        raise NotThere(f"target={target} lies outside of {name}: {size}")
    return y, x


def _words(written: GeneratedText, target: str | None, what: str) -> Iterator[tuple[int, str]]:
    """Places and names of the words of a text that the network wrote: those that are named, or all."""
    words = [written.tokens[i] for i in range(len(written.tokens))]
    if target is not None and target not in words:
        raise NotThere(f"target={target!r} is not in {what}, {written.text!r}{did_you_mean(target, dict.fromkeys(words))}")
    yield from ((i, token) for i, token in enumerate(words) if target in (None, token))


def of_written(task: Any, written: GeneratedText, source: tuple[Tensor, Tensor], target: str | None, name: str) -> Iterator[Target]:
    """The words of a translation, as scores of the words that were read."""
    for i, token in _words(written, target, f"the translation of {name}"):
        yield Target(token, *word_from_text(task.model, token_numbers(task, written), i + 1, source))


def token_numbers(task: Any, written: GeneratedText) -> Tensor:
    """BEGIN and what was written, as numbers."""
    tokeniser: Tokeniser = task.tokenisers["target"]
    return torch.tensor([BEGIN, *tokeniser.vocabulary.encode(written.tokens)], device=task.device)


def _of_answer(predictor: Predictor, picture: Image.Image, target: str | None, question: str | None) -> Target:
    task = predictor.task
    if question is None:
        raise BadInput('question=TEXT is missing: the network answers questions, such as question="is there a red ring ?"')
    x = predictor.pixels(picture).to(task.device)
    asked = tokenise(task.tokenisers["source"], question, "question=").numbers
    batch = task.transfer_batch_to_device(question_batch(asked, x), task.device, 0)
    inputs = task.inputs(batch)
    with torch.no_grad():
        name, number = of_classes(task, target, task.model(*inputs).logits[0])
    return Target(name, answer(task.model, inputs[2:], number), x)


def _of_glimpses(task: GlimpseTask, picture: Image.Image, name: str, target: str | None) -> Iterator[Target]:
    x, found = look(task, picture)
    if isinstance(task, GlimpseClassification):
        label, number = of_classes(task, target, found.logits[0, -1])
        yield Target(label, picture_label(task.model, number), x)
        return
    labels = transcribe(task, found.logits[0]).labels
    if target is not None and target not in labels:
        raise NotThere(f"target={target!r} is not among the labels of {name}, {' '.join(labels)!r}")
    names, a_label = task.trained_on("class_names"), task.model.glimpses_a_label
    for i, label in enumerate(labels):
        if target in (None, label):
            yield Target(label, picture_label(task.model, class_number(names, label), (i + 1) * a_label - 1), x)
