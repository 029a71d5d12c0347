"""Networks over sequences: base classes for one output a sequence or one a step, and the recurrent network of each."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.layers import Recurrent, SequenceInput, Sequences
from ablate.model.recurrent.unroll import Fused, length_mask
from ablate.schema.options import Layers, Positive, ProperFraction, Width, checked

Summary = Literal["last", "mean", "max"]


class SequenceModel(nn.Module, ABC):
    """Many to one: logits, or numbers to regress, of a whole sequence."""

    @abstractmethod
    def forward(self, xs: Sequences, lengths: Int[Tensor, " b"] | None = None) -> Float[Tensor, "b k"]:
        """One vector for each sequence."""


class StepwiseModel(nn.Module, ABC):
    """Many to many, aligned: logits of each step, and the states to continue from.

    Where the classes are the tokens, it is a language model.

    Attributes:
        bidirectional: whether it reads sequences from their ends, too.
    """

    bidirectional: bool

    @abstractmethod
    def forward(
        self, xs: Sequences, lengths: Int[Tensor, " b"] | None = None, states: Sequence[tuple] | None = None
    ) -> tuple[Float[Tensor, "b t k"], tuple[tuple, ...]]:
        """Logits of each step from given states (None: zero), and the states at the ends."""


class RecurrentNetwork(nn.Module):
    """Recurrent layers and a linear head, W_o and b_o; a subclass says what the head reads.

    Args:
        vocabulary_size, input_size, embedding_size: see `SequenceInput`.
        cell, layers, bidirectional, fused: see `Recurrent`; in one direction the past does not see the future.
        num_classes: logits a sequence, or a step.
        dropout: of the inputs, between layers, and of what the head reads.
        frozen: the recurrent layers stay as they are initialised (a reservoir: Jaeger 2001); only inputs and head are trained.
    """

    @checked
    def __init__(
        self,
        vocabulary_size: Positive | None,
        input_size: Positive | None,
        embedding_size: Width,
        cell: Callable[[int], Cell],
        num_classes: Positive,
        layers: Layers = 1,
        bidirectional: bool = False,
        dropout: ProperFraction = 0.0,
        fused: Fused = "auto",
        frozen: bool = False,
    ) -> None:
        super().__init__()
        self.bidirectional = bidirectional
        self.input = SequenceInput(vocabulary_size, input_size, embedding_size, dropout)
        self.recurrent = Recurrent(cell, self.input.output_size, layers, bidirectional, dropout, fused)
        self.recurrent.requires_grad_(not frozen)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.recurrent.output_size, num_classes)


class SequenceClassifier(RecurrentNetwork, SequenceModel):
    """logits = W_o s + b_o, s a summary of h_1 … h_T: the last state of each direction, or mean or maximum over the steps.

    Args:
        summary: last, mean or max.
        sizes, options: see `RecurrentNetwork`.
    """

    @checked
    def __init__(self, *sizes: Any, summary: Summary = "last", **options: Any) -> None:
        super().__init__(*sizes, **options)
        self.summary = summary

    def forward(self, xs: Sequences, lengths: Int[Tensor, " b"] | None = None) -> Float[Tensor, "b k"]:
        outputs, ends = self.recurrent(self.input(xs), lengths)
        return self.head(self.dropout(self.summarise(outputs, ends, lengths)))

    def summarise(self, outputs: Float[Tensor, "b t n"], ends: tuple, lengths: Int[Tensor, " b"] | None) -> Float[Tensor, "b n"]:
        """s from the outputs of all steps and the states at the ends."""
        if self.summary == "last":
            return torch.cat([end[0] for end in ends[-len(self.recurrent.layers[-1]) :]], 1)
        if self.summary == "mean":
            return outputs.mean(1) if lengths is None else outputs.sum(1) / lengths[:, None]  # padding's outputs are 0
        if lengths is not None:
            outputs = outputs.masked_fill(~length_mask(lengths, outputs.shape[1])[..., None], -torch.inf)
        return outputs.amax(1)


class SequenceTagger(RecurrentNetwork, StepwiseModel):
    """logits_t = W_o h_t + b_o at every step t. Trained to predict the next token, it is a language model.

    Args:
        tied: W_o = E, the rows that the tokens are read by (Press and Wolf 2017, section 3).
        sizes, options: see `RecurrentNetwork`.
    """

    def __init__(self, *sizes: Any, tied: bool = False, **options: Any) -> None:
        super().__init__(*sizes, **options)
        if tied:
            if self.input.embedding is None or self.input.embedding.weight.shape != self.head.weight.shape:
                size = self.recurrent.output_size
                raise BadInput(f"`tied`=true needs as many classes as tokens, and `embedding_size`={size}, as the outputs have")
            self.head.weight = self.input.embedding.weight

    def forward(
        self, xs: Sequences, lengths: Int[Tensor, " b"] | None = None, states: Sequence[tuple] | None = None
    ) -> tuple[Float[Tensor, "b t k"], tuple[tuple, ...]]:
        outputs, ends = self.recurrent(self.input(xs), lengths, states)
        return self.head(self.dropout(outputs)), ends
