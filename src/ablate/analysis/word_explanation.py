"""Measures whether explanations of a caption's words, and its attention, point at the objects that the words name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ablate.data.text.tokeniser import BEGIN
from ablate.errors import BadInput
from ablate.explanation.methods import Method, relevance
from ablate.explanation.target import word
from ablate.metric.explanation.localisation import EnergyInside, PointingGame
from ablate.metric.explanation.mean import MeanOverPictures
from ablate.metric.explanation.similarity import RankCorrelation
from ablate.model.evaluation import evaluating
from ablate.task.captioning import Captioning

ATTENTION, PEER = "attention", "grad_cam"
MEASURES = ("pointing", "energy_inside")


class Named(NamedTuple):
    """A word of a caption that names a shape which the picture has."""

    image: Float[Tensor, "1 3 h w"]
    mask: Bool[Tensor, "1 h w"]  # the pixels of all objects of this shape
    tokens: Int[Tensor, " t"]  # the caption, BEGIN first
    position: int  # of the word among them
    attention: Float[Tensor, "1 h w"]  # at this word, upsampled as Grad-CAM's map is


class MeanShare(MeanOverPictures):
    """The mean share of a picture that masks cover: what energy inside is by chance."""

    def update(self, mask: Bool[Tensor, "n h w"]) -> None:
        """Add masks."""
        self.add(mask.double().mean((1, 2)))


def names_of(methods: Sequence[str]) -> list[str]:
    """The names under which `measure_words` gives its values."""
    each = [f"{name}/{kind}" for name in (*methods, ATTENTION) for kind in MEASURES]
    of_peer = [f"{ATTENTION}/pointing_gain", f"{ATTENTION}/rank"] if PEER in methods else []
    return [*each, *of_peer, f"{ATTENTION}/energy_over_chance", "words"]


def measure_words(
    task: Captioning,
    batches: Iterable[tuple[Float[Tensor, "b 3 h w"], Int[Tensor, "b h w"]]],
    shapes: Sequence[str],
    methods: Mapping[str, Method],
) -> dict[str, float]:
    """Every measure of every method and of the attention, of the words that name shapes in captions which the network writes.

        METHOD/pointing                 whether the most relevant pixel lies in an object of that shape (`PointingGame`)
        METHOD/energy_inside            the share of the relevance in such objects (`EnergyInside`)
        attention/pointing_gain         of attention minus that of Grad-CAM
        attention/rank                  the rank correlation of attention with Grad-CAM's map (`RankCorrelation`)
        attention/energy_over_chance    its energy inside minus the objects' share of the picture
        words                           how many words there were; of a shape that the picture lacks a word is left out

    Source: Jain and Wallace 2019, "Attention is not explanation"; Wiegreffe and Pinter 2019, "Attention is not not explanation".

    Args:
        batches: pictures with the shape of each pixel, 0 where there is none.
        shapes: their names, of 1 and on.

    Raises:
        BadInput: a captioner without attention.
    """
    if task.model.decoder.attention is None:
        raise BadInput("words are explained beside the attention, and this captioner has none: model/attention=general")
    with torch.inference_mode(False), evaluating(task):
        return _measure(task, batches, shapes, methods)


def _measure(task: Captioning, batches: Iterable, shapes: Sequence[str], methods: Mapping[str, Method]) -> dict[str, float]:
    names = (*methods, ATTENTION)
    points, energy = ({name: make().to(task.device) for name in names} for make in (PointingGame, EnergyInside))
    rank, chance, words = RankCorrelation().to(task.device), MeanShare().to(task.device), 0
    for named in (each for image, label in batches for each in named_words(task, image, label, shapes)):
        score = word(task.model, named.tokens, named.position)
        maps = {name: relevance(name, method(score, named.image)) for name, method in methods.items()} | {
            ATTENTION: named.attention
        }
        for name, shown in maps.items():
            points[name].update(shown, named.mask)
            energy[name].update(shown, named.mask)
        if PEER in maps:
            rank.update(maps[ATTENTION], maps[PEER])
        chance.update(named.mask)
        words += 1
    found = {f"{name}/pointing": float(points[name].compute()) for name in names}
    found |= {f"{name}/energy_inside": float(energy[name].compute()) for name in names}
    found |= {"words": float(words), f"{ATTENTION}/rank": float(rank.compute())}
    found[f"{ATTENTION}/pointing_gain"] = found[f"{ATTENTION}/pointing"] - found.get(f"{PEER}/pointing", torch.nan)
    found[f"{ATTENTION}/energy_over_chance"] = found[f"{ATTENTION}/energy_inside"] - float(chance.compute())
    return {name: found[name] for name in names_of(list(methods))}


def named_words(
    task: Captioning, image: Float[Tensor, "b 3 h w"], label: Int[Tensor, "b h w"], shapes: Sequence[str]
) -> Iterator[Named]:
    """The first word for each shape in the captions that the network writes of a batch, where the picture has that shape."""
    with torch.no_grad():
        found = task.write(task.model.encoder(image))
        grid = tuple(task.model.encoder.feature_map(image).shape[2:])
    vocabulary, numbers = task.tokenisers["target"].vocabulary, {name: i for i, name in enumerate(shapes, 1)}
    for row, tokens in enumerate(found.tokens):
        seen = set()
        for step, token in enumerate(tokens.tolist()):
            number = numbers.get(vocabulary.tokens[token])
            mask = label[row : row + 1] == number if number else None
            if mask is None or number in seen or not mask.any():
                continue
            seen.add(number)
            weights = found.weights[row, step].detach().clone().view(1, 1, *grid).float()
            attention = F.interpolate(weights, tuple(image.shape[2:]), mode="bilinear")[:, 0]
            whole = torch.cat((tokens.new_tensor([BEGIN]), tokens))
            yield Named(image[row : row + 1], mask, whole, step + 1, attention)
