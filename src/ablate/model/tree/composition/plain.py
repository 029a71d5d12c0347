"""The recursive networks of Socher et al.: one matrix, or a matrix and a tensor."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.tree.composition.base import Children, Composition
from ablate.schema.options import Layers, Positive, Width, checked

SPREAD = 0.01  # of the tensor's initial values: it begins as the plain network


class Plain(Composition):
    """h = tanh(W [h_1; h_2] + W_x x + b): the recursive neural network.

    Source: Socher et al. 2013, Recursive deep models for semantic compositionality over a sentiment treebank, section 4.1; the
    words' vectors go through W_x, so that their size may differ from that of h.

    Args:
        arity: the most children of a node; one that is not there has h = 0.
    """

    @checked
    def __init__(self, input_size: Positive, hidden_size: Width, arity: Layers = 2) -> None:
        super().__init__(input_size, hidden_size)
        self.arity = arity
        self.input = nn.Linear(input_size, hidden_size)
        self.below = nn.Linear(arity * hidden_size, hidden_size, bias=False)

    def forward(self, x: Float[Tensor, "m d"], children: Children) -> tuple[Float[Tensor, "m n"]]:
        below = children.side_by_side(children.states[0], len(x), self.arity)
        return (torch.tanh(self.input(x) + self.below(below) + self.products(below)),)

    def products(self, below: Float[Tensor, "m _"]) -> Float[Tensor, "m n"] | float:
        """What is added inside of tanh: nothing."""
        return 0.0


class TensorNetwork(Plain):
    """h = tanh([h_1; h_2]ᵀ V [h_1; h_2] + W [h_1; h_2] + W_x x + b): V lets children multiply.

    Source: Socher et al. 2013, section 4.3 (RNTN).
    """

    def __init__(self, input_size: int, hidden_size: int, arity: int = 2) -> None:
        super().__init__(input_size, hidden_size, arity)
        size = arity * hidden_size
        self.tensor = nn.Parameter(SPREAD * torch.randn(hidden_size, size, size) / size**0.5)

    def products(self, below: Float[Tensor, "m _"]) -> Float[Tensor, "m n"]:
        return torch.einsum("ma,kab,mb->mk", below, self.tensor, below)
