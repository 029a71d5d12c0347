"""Many to one, or to a memory: a recurrent network that reads a text."""

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.input import SequenceInput
from ablate.model.recurrent.layers import Recurrent
from ablate.model.recurrent.unroll import check_lengths, present, reverse_padded
from ablate.model.text.memory import Memory, Reader, flatten_states


class TextReader(Reader):
    """keys_t = h_t of the last layer; summary: the states of all cells at their ends, side by side.

    Args:
        vocabulary_size, embedding_size: see `SequenceInput`.
        cell, layers, bidirectional, fused: see `Recurrent`.
        reverse: read from the end to the beginning, within the true length (Sutskever et al. 2014, section 3.3); each key stays
            at the place of its token.
        dropout: of the inputs and between layers.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        cell: Callable[[int], Cell],
        layers: int = 1,
        bidirectional: bool = False,
        reverse: bool = False,
        dropout: float = 0.0,
        fused: str = "auto",
    ) -> None:
        super().__init__()
        self.reverse = reverse
        self.input = SequenceInput(vocabulary_size, None, embedding_size, dropout)
        self.recurrent = Recurrent(cell, embedding_size, layers, bidirectional, dropout, fused)
        self.key_size = self.recurrent.output_size
        starts = tuple(each.initial_state(1) for cells in self.recurrent.layers for each in cells)
        self.summary_size = flatten_states(starts).shape[1]

    def forward(self, tokens: Int[Tensor, "b s"], lengths: Int[Tensor, " b"] | None = None) -> Memory:
        check_lengths(lengths, tokens.shape[0], tokens.shape[1], tokens.device)
        xs = self.input(tokens)
        keys, ends = self.recurrent(reverse_padded(xs, lengths) if self.reverse else xs, lengths)
        mask = torch.ones_like(tokens, dtype=torch.bool) if lengths is None else present(lengths, tokens.shape[1])
        return Memory(reverse_padded(keys, lengths) if self.reverse else keys, mask, flatten_states(ends))
