"""What of each kind of network is explained, as a score of its pictures or of its embedded words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ablate.explanation.score import Score
from ablate.model.glimpse.base import GlimpsingModel, PictureModel
from ablate.model.recurrent.layers import SequenceInput
from ablate.model.recurrent.models import SequenceModel
from ablate.model.segmenter.fcn import FCN
from ablate.model.text.encoder import PictureEncoder
from ablate.model.text.encoder_decoder import EncoderDecoder
from ablate.model.text.memory import Memory
from ablate.model.text.question_answering import QuestionAnswering


def class_over(model: FCN, number: int | Int[Tensor, " n"], mask: Bool[Tensor, "n h w"]) -> Score:
    """y = the mean logit of a class over the pixels of a mask, one mask a row; 0 where the mask is empty.

    One pixel is a mask, too. Source: Vinogradova et al. 2020 (Seg-Grad-CAM), eq. 2, a sum.

    Args:
        number: of the class; or one for each row.
    """
    share = mask / mask.sum((1, 2), keepdim=True).clamp(min=1)

    def function(image: Tensor) -> Tensor:
        logits = model(image)
        numbers = torch.as_tensor(number, device=logits.device).expand(len(logits))
        of_class = logits.gather(1, numbers[:, None, None, None].expand(-1, 1, *logits.shape[2:]))[:, 0]
        return (of_class * share).sum((1, 2))

    return Score(function, model.encoder)


def picture_label(model: PictureModel, number: int, glimpse: int = -1) -> Score:
    """y = the logit of a class after a glimpse, by default the last one, at the places that the network is surest of."""
    features = (
        None if isinstance(model, GlimpsingModel) else next(_convolutions(model), None)
    )  # a glimpse has no map of the picture
    return Score(lambda image: model(image).logits[:, glimpse, number], features)


def label(model: SequenceModel, inputs: tuple[Tensor, Tensor | None], number: int) -> tuple[Score, Float[Tensor, "n t e"]]:
    """y = a logit of a sequence, or the number of a regression, and the x it is a score of: what the network reads at each step.

    Args:
        inputs: tokens or numbers, and lengths.
    """
    return _of_words(_first(model, SequenceInput), inputs[0], lambda: model(*inputs)[:, number])


def word(model: EncoderDecoder, tokens: Int[Tensor, " t"], position: int) -> Score:
    """y = log p(word | the words before it, picture), a score of the picture's pixels and not of the encoder's features.

    Source: Selvaraju et al. 2017, section 7 (captions); p and not the logit, as a word competes with all others.

    Args:
        tokens: what was written, BEGIN first.
        position: of the word among the tokens.
    """
    return Score(lambda image: _log_probability(model, model.encoder(image), tokens, position), _backbone(model.encoder))


def word_from_text(
    model: EncoderDecoder, tokens: Int[Tensor, " t"], position: int, source: tuple[Tensor, Tensor]
) -> tuple[Score, Float[Tensor, "n s e"]]:
    """The same of a text that was read, and the x it is a score of: its embedded words.

    Args:
        source: tokens and lengths of that text.
    """
    return _of_words(model.encoder.input, source[0], lambda: _log_probability(model, model.encoder(*source), tokens, position))


def _log_probability(model: EncoderDecoder, memory: Memory, tokens: Int[Tensor, " t"], position: int) -> Float[Tensor, " n"]:
    before = tokens[None, :position].expand(len(memory.keys), -1)
    return model.decoder(before, memory).logits[:, -1].log_softmax(-1)[:, tokens[position]]


def answer(model: QuestionAnswering, question: tuple[Tensor, Tensor], number: int) -> Score:
    """y = the logit of an answer to a question, tokens and lengths, on a picture: a score of its pixels."""
    return Score(lambda image: model(image, None, *question).logits[:, number], _backbone(model.encoder))


def answer_from_story(
    model: QuestionAnswering, story: tuple[Tensor, Tensor], question: tuple[Tensor, Tensor], number: int
) -> tuple[Score, Float[Tensor, "n t e"]]:
    """The same of a story, and the x it is a score of: its embedded words."""
    return _of_words(model.encoder.input, story[0], lambda: model(*story, *question).logits[:, number])


def _of_words(module: SequenceInput, read: Tensor, function: Callable[[], Tensor]) -> tuple[Score, Float[Tensor, "n t e"]]:
    """A score of what `module` makes of the tokens `read`, which it is given in their place."""

    def replaced(x: Tensor) -> Tensor:
        with _reading(module, read, x):
            return function()

    with torch.no_grad():
        x = module(read)
    return Score(replaced), x


@contextmanager
def _reading(module: SequenceInput, read: Tensor, x: Tensor) -> Iterator[None]:
    """Within it `module` answers x where it is given the very tensor `read`: a question may be read by the same module."""
    handle = module.register_forward_hook(lambda _, inputs, output: x if inputs[0] is read else output)
    try:
        yield
    finally:
        handle.remove()


def _backbone(encoder: nn.Module) -> nn.Module | None:
    return encoder.backbone if isinstance(encoder, PictureEncoder) else None


def _convolutions(model: nn.Module) -> Iterator[nn.Module]:
    return (module for module in reversed(list(model.modules())) if isinstance(module, nn.Conv2d))


def _first(model: nn.Module, kind: type[Any]) -> Any:
    return next(module for module in model.modules() if isinstance(module, kind))
