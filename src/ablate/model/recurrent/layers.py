"""What a recurrent network reads at each step, and layers of a cell, in one direction or in both."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import BadInput, Misfit
from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.unroll import Fused, unroll
from ablate.schema.options import Layers, Positive, ProperFraction, Width, checked

Sequences = Int[Tensor, "b t"] | Float[Tensor, "b t d"]  # tokens, or numbers


class SequenceInput(nn.Module):
    """x_t = E[token_t], a learned row of numbers for each token; numbers pass as they are.

    Args:
        vocabulary_size: of tokens; None where the data are numbers.
        input_size: numbers a step; None where the data are tokens.
        embedding_size: numbers in each row of E; the row of padding, token 0, is zero, and stays so unless an output
            layer has the same weights.
        dropout: of x_t.

    Attributes:
        output_size: numbers in x_t.
    """

    @checked
    def __init__(
        self, vocabulary_size: Positive | None, input_size: Positive | None, embedding_size: Width, dropout: ProperFraction = 0.0
    ) -> None:
        super().__init__()
        if (vocabulary_size is None) == (input_size is None):
            raise Misfit("the data are either tokens (`vocabulary_size`) or numbers (`input_size`)")
        if input_size is None:
            self.output_size = embedding_size
            self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=0)
        else:
            self.output_size, self.embedding = input_size, None
        self.size = vocabulary_size
        self.dropout = nn.Dropout(dropout)

    def forward(self, xs: Sequences) -> Float[Tensor, "b t e"]:
        """x_1 … x_t of each sequence."""
        if (xs.ndim == 2) != (self.embedding is not None):
            kind = "tokens" if xs.ndim == 2 else "numbers"
            raise Misfit(f"the network was made for {'tokens' if self.embedding else 'numbers'}, the data are {kind}")
        if xs.shape[1] < 1:
            raise BadInput("an empty sequence has no step to read; the least length is 1")
        if self.embedding is None:
            if xs.shape[2] != self.output_size:
                raise Misfit(
                    f"the network was made for `input_size`={self.output_size}, the data have {xs.shape[2]} numbers a step"
                )
            return self.dropout(xs)
        if xs.device.type == "cpu" and not (int(xs.min()) >= 0 and int(xs.max()) < self.size):
            raise BadInput(f"tokens from {int(xs.min())} to {int(xs.max())} are not all in a vocabulary of {self.size}")
        return self.dropout(self.embedding(xs))


class Recurrent(nn.Module):
    """Layer l reads the outputs of layer l - 1; with two directions, the outputs of both, side by side (Schuster and Paliwal 1997).

    Args:
        cell: given the input size, makes a cell.
        input_size: numbers in each x_t.
        layers: how many cells lie upon each other.
        bidirectional: a second cell in each layer reads from the end to the beginning.
        dropout: of what goes from layer to layer, not from step to step (Zaremba et al. 2014, section 3).
        fused: auto or never, as in `unroll`.

    Attributes:
        output_size: numbers in each output.
    """

    @checked
    def __init__(
        self,
        cell: Callable[[int], Cell],
        input_size: Positive,
        layers: Layers = 1,
        bidirectional: bool = False,
        dropout: ProperFraction = 0.0,
        fused: Fused = "auto",
    ) -> None:
        super().__init__()
        self.fused, self.bidirectional = fused, bidirectional
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList()
        for _ in range(layers):
            self.layers.append(nn.ModuleList(cell(input_size) for _ in range(1 + bidirectional)))
            input_size = sum(each.hidden_size for each in self.layers[-1])
        self.output_size = input_size

    def forward(
        self,
        xs: Float[Tensor, "b t d"],
        lengths: Int[Tensor, " b"] | None = None,
        states: Sequence[tuple] | None = None,
        record: list[list] | None = None,
    ) -> tuple[Float[Tensor, "b t n"], tuple[tuple, ...]]:
        """Outputs of the last layer, and the states at the true ends: layer by layer, forward before backward.

        The forward cell's end is the sequence's last element, the backward cell's is the first. `record` gets a list for each
        cell, in the same order, of its states at every step, as in `unroll`.
        """
        ends: list[tuple] = []
        given = iter(states) if states is not None else None
        for i, cells in enumerate(self.layers):
            outputs = []
            for direction, cell in enumerate(cells):
                state = next(given) if given else None
                steps: list | None = None if record is None else []
                out, end = unroll(cell, self.dropout(xs) if i else xs, lengths, state, bool(direction), self.fused, steps)
                outputs.append(out)
                ends.append(end)
                if record is not None:
                    record.append(steps)
            xs = torch.cat(outputs, 2) if self.bidirectional else outputs[0]
        return xs, tuple(ends)

    def step(self, x: Float[Tensor, "b d"], states: Sequence[tuple]) -> tuple[Float[Tensor, "b n"], tuple[tuple, ...]]:
        """One step of the layers, in one direction: the output of the last, and the next states."""
        if self.bidirectional:
            raise BadInput("a network in two directions has no single step: it reads the whole sequence first")
        ends = []
        for i, ((cell,), state) in enumerate(zip(self.layers, states, strict=True)):
            x, state = cell(self.dropout(x) if i else x, state)
            ends.append(state)
        return x, tuple(ends)
