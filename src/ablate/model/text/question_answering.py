"""A picture or a story, and a question: one answer."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import check_positive
from ablate.model.recurrent.cell.base import Cell
from ablate.model.text.attention.base import Attention
from ablate.model.text.picture_reader import PictureReader
from ablate.model.text.text_reader import TextReader


class Answered(NamedTuple):
    """What is said of each question, and where the network looked for it."""

    logits: Float[Tensor, "b k"]
    weights: Float[Tensor, "b s"] | None  # None without attention


class QuestionAnswering(nn.Module):
    """logits = W_o tanh(W_r [q; c]) + b_o,   q = tanh(W_q m) of the states m that the question leaves.

        without attention   c: the summary of what was read, whatever is asked
        with                c = attention(q, places of the picture or words of the story)

    A single look: of Sukhbaatar et al. 2015, section 2.1, with a recurrent network in the place of bags of words.

    Args:
        encoder: of pictures, `image -> Features`; None: stories are read, by a network that shares its embedding with the question's.
        vocabulary_size, embedding_size: of questions and stories, see `SequenceInput`.
        cell: given the input size, makes a cell.
        attention: given the sizes of a query and of a key, makes an attention, or None.
        num_classes: answers.
        frozen, places: of the encoder, see `PictureReader`.
        layers, bidirectional, fused: see `Recurrent`.
        dropout: of the inputs, between layers, and before W_o.
    """

    def __init__(
        self,
        encoder: nn.Module | None,
        vocabulary_size: int,
        embedding_size: int,
        cell: Callable[[int], Cell],
        attention: Callable[[int, int], Attention | None],
        num_classes: int,
        frozen: bool = False,
        places: str = "bottom",
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        fused: str = "auto",
    ) -> None:
        super().__init__()
        options = (vocabulary_size, embedding_size, cell, layers, bidirectional, False, dropout, fused)
        self.question = TextReader(*options)
        if encoder is None:
            self.reader = TextReader(*options)
            self.reader.input = self.question.input
        else:
            self.reader = PictureReader(encoder, frozen, places)
        size = self.question.recurrent.layers[-1][0].hidden_size
        self.query = nn.Linear(self.question.summary_size, size)
        self.attention = attention(size, self.reader.key_size)
        seen = self.reader.summary_size if self.attention is None else self.reader.key_size
        self.readout = nn.Linear(size + seen, size)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(size, check_positive("num_classes", num_classes))

    def forward(
        self,
        source: Int[Tensor, "b s"] | Float[Tensor, "b c h w"],
        source_lengths: Int[Tensor, " b"] | None,
        question: Int[Tensor, "b t"],
        lengths: Int[Tensor, " b"] | None = None,
    ) -> Answered:
        """Logits of each answer; lengths are those of stories and questions, pictures have none."""
        memory = self.reader(source) if source_lengths is None else self.reader(source, source_lengths)
        query, seen, weights = self.query(self.question(question, lengths).summary).tanh(), memory.summary, None
        if self.attention is not None:
            seen, weights = (each[:, 0] for each in self.attention(query[:, None], memory.keys, memory.mask))
        return Answered(self.head(self.dropout(self.readout(torch.cat((query, seen), 1)).tanh())), weights)
