"""Networks that read and write, from the few options by which tests vary them."""

from collections.abc import Callable
from functools import partial

import pytest
from torch import Tensor, nn
from torch.optim import Optimizer

from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.cell.elman import IRNN, Elman
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.cell.unshared import Unshared
from ablate.model.text.attention import Additive, Attention, Dot, General, none
from ablate.model.text.decoder import TextDecoder
from ablate.model.text.decoding.base import Search
from ablate.model.text.decoding.token_by_token import Greedy
from ablate.model.text.encoder import PictureEncoder, TextEncoder
from ablate.model.text.encoder_decoder import EncoderDecoder
from ablate.model.text.question_answering import QuestionAnswering

GREEDY = Greedy()
MakeCell = Callable[[int], Cell]
MakeAttention = Callable[[int, int], Attention | None]
CELLS = {
    "elman": Elman,
    "irnn": partial(IRNN, input_deviation=0.5),
    "gru": GRU,
    "lstm": LSTM,
    "unshared": partial(Unshared, steps=8),
}
ATTENTIONS = {
    "none": none,
    "additive": partial(Additive, size=5),
    "dot": Dot,
    "scaled": partial(Dot, scaled=True),
    "general": General,
}
every_cell = pytest.mark.parametrize("cell", CELLS)
every_attention = pytest.mark.parametrize("attention", ATTENTIONS)


def captioner(
    encoder: nn.Module,
    vocabulary_size: int,
    embedding_size: int,
    cell: MakeCell,
    attention: MakeAttention,
    search: Search = GREEDY,
    frozen: bool = False,
    feature_level: str = "bottom",
    **options: object,
) -> EncoderDecoder:
    """Pictures to texts; `options` are those of the decoder."""
    decoder = partial(TextDecoder, vocabulary_size, embedding_size, cell, attention=attention, **options)
    return EncoderDecoder(PictureEncoder(encoder, frozen, feature_level), decoder, search)


def translator(
    source_vocabulary_size: int,
    vocabulary_size: int,
    embedding_size: int,
    cell: MakeCell,
    attention: MakeAttention,
    search: Search = GREEDY,
    bidirectional: bool = False,
    reverse: bool = False,
    **options: object,
) -> EncoderDecoder:
    """Texts to texts; `options` are those of both networks."""
    memory = TextEncoder(source_vocabulary_size, embedding_size, cell, bidirectional=bidirectional, reverse=reverse, **options)
    decoder = partial(TextDecoder, vocabulary_size, embedding_size, cell, attention=attention, **options)
    return EncoderDecoder(memory, decoder, search)


def answerer(
    encoder: nn.Module | None,
    vocabulary_size: int,
    embedding_size: int,
    cell: MakeCell,
    attention: MakeAttention,
    num_classes: int,
    frozen: bool = False,
    **options: object,
) -> QuestionAnswering:
    """Answers about pictures, or about stories (`encoder` None); `options` are those of the networks that read texts."""
    question = TextEncoder(vocabulary_size, embedding_size, cell, **options)
    of_stories = encoder is None
    memory = TextEncoder(vocabulary_size, embedding_size, cell, **options) if of_stories else PictureEncoder(encoder, frozen)
    return QuestionAnswering(question, memory, attention, num_classes)


def minimise(loss: Callable[[], Tensor], optimizer: Optimizer, steps: int) -> list[float]:
    """Take `steps` steps of the optimizer; the loss before each."""
    losses = []
    for _ in range(steps):
        value = loss()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses
