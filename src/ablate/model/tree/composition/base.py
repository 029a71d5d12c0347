"""What a composition is: how a node's state comes from its word and from the states of its children."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.schema.options import Positive, Width, checked


class Children(NamedTuple):
    """The children of m nodes: a row for each edge."""

    states: tuple[Float[Tensor, "e n"], ...]  # of the children, fields as the composition's state has them
    parent: Int[Tensor, " e"]  # which of the m nodes
    place: Int[Tensor, " e"]  # which child of it, from 0

    def total(self, values: Float[Tensor, "e n"], nodes: int) -> Float[Tensor, "m n"]:
        """The sum over the children of each node; 0 for a leaf."""
        return values.new_zeros(nodes, values.shape[1]).index_add_(0, self.parent, values)

    def side_by_side(self, values: Float[Tensor, "e n"], nodes: int, arity: int) -> Float[Tensor, "m _"]:
        """The values of each node's first, second, … child beside each other; 0 for a child that is not there."""
        flat = values.new_zeros(nodes * arity, values.shape[1])
        return flat.index_copy(0, self.parent * arity + self.place, values).view(nodes, -1)


class Composition(nn.Module, ABC):
    """state_j = f_W(x_j, states of the children of j), with the same W at every node.

    Args:
        input_size: numbers in x, the vector of a node's word; 0 at a node without a word.
        hidden_size: numbers in h, the first field of a state.

    Attributes:
        arity: the most children that a node may have; None: any number.
        memory: whether a state is (h, c) and not h alone.
    """

    arity: int | None = None
    memory: bool = False

    @checked
    def __init__(self, input_size: Positive, hidden_size: Width) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size

    @abstractmethod
    def forward(self, x: Float[Tensor, "m d"], children: Children) -> tuple[Float[Tensor, "m n"], ...]:
        """The states of m nodes."""

    def leafless(self, x: Float[Tensor, "m d"]) -> Children:
        """The children of m leaves: none."""
        empty = x.new_zeros(0, self.hidden_size)
        nowhere = torch.zeros(0, dtype=torch.long, device=x.device)
        return Children((empty, empty) if self.memory else (empty,), nowhere, nowhere)
