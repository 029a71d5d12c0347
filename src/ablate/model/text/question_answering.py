"""A picture or a story, and a question: one answer."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.model.text.attention import Attention
from ablate.model.text.encoder import Encoder, TextEncoder
from ablate.schema.options import Positive, ProperFraction, checked


class AnswerOutput(NamedTuple):
    """Logits of the answers to each question, and the weights of the attention."""

    logits: Float[Tensor, "b k"]
    weights: Float[Tensor, "b s"] | None  # None without attention


class QuestionAnswering(nn.Module):
    """logits = W_o tanh(W_r [q; c]) + b_o,   q = tanh(W_q m) of the states m that the question leaves.

        without attention   c: the summary of what was read, whatever is asked
        with                c = attention(q, positions of the picture or words of the story)

    A single look: of Sukhbaatar et al. 2015, section 2.1, with a recurrent network in the place of bags of words.

    Args:
        question: reads the question.
        encoder: reads the picture or the story; one of stories shares its embedding with the question's.
        attention: given the sizes of a query and of a key, makes an attention, or None.
        dropout: before W_o.
    """

    @checked
    def __init__(
        self,
        question: TextEncoder,
        encoder: Encoder,
        attention: Callable[[int, int], Attention | None],
        num_classes: Positive,
        dropout: ProperFraction = 0.0,
    ) -> None:
        super().__init__()
        self.question, self.encoder = question, encoder
        if isinstance(encoder, TextEncoder):
            encoder.input = question.input
        size = question.recurrent.layers[-1][0].hidden_size
        self.query = nn.Linear(question.summary_size, size)
        self.attention = attention(size, encoder.key_size)
        attended = encoder.summary_size if self.attention is None else encoder.key_size
        self.readout = nn.Linear(size + attended, size)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(size, num_classes)

    @property
    def reads_stories(self) -> bool:
        """Whether it answers questions about stories; else about pictures."""
        return isinstance(self.encoder, TextEncoder)

    def forward(
        self,
        source: Int[Tensor, "b s"] | Float[Tensor, "b c h w"],
        source_lengths: Int[Tensor, " b"] | None,
        question: Int[Tensor, "b t"],
        lengths: Int[Tensor, " b"] | None = None,
    ) -> AnswerOutput:
        """Logits of each answer; lengths are those of stories and questions, pictures have none."""
        memory = self.encoder(source, source_lengths)
        query, seen, weights = self.query(self.question(question, lengths).summary).tanh(), memory.summary, None
        if self.attention is not None:
            seen, weights = (each[:, 0] for each in self.attention(query[:, None], memory.keys, memory.mask))
        return AnswerOutput(self.head(self.dropout(self.readout(torch.cat((query, seen), 1)).tanh())), weights)
