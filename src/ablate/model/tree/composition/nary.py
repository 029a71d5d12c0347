"""The N-ary Tree-LSTM."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.tree.composition.base import Children, Composition
from ablate.schema.options import Layers, Positive, Width, checked


class Nary(Composition):
    """An LSTM with weights of its own for each place among the children; each forget gate sees all of them.

        i, o = σ(W x + Σ_l U_l h_l + b),   g = tanh(W_g x + Σ_l U_gl h_l + b_g),   f_k = σ(W_f x + Σ_l U_fkl h_l + b_f)
        c = i ∘ g + Σ_k f_k ∘ c_k,   h = o ∘ tanh(c)

    A child that is not there has h = c = 0.

    Source: Tai, Socher and Manning 2015, section 3.2, eqs. 9 to 14. (Their program has no input gate at leaves; the paper has.)

    Args:
        arity: N, the most children of a node.
    """

    memory = True

    @checked
    def __init__(self, input_size: Positive, hidden_size: Width, arity: Layers = 2) -> None:
        super().__init__(input_size, hidden_size)
        self.arity = arity
        self.input = nn.Linear(input_size, 4 * hidden_size)  # input, output, candidate, forget
        self.below = nn.Linear(arity * hidden_size, (3 + arity) * hidden_size, bias=False)

    def forward(self, x: Float[Tensor, "m d"], children: Children) -> tuple[Float[Tensor, "m n"], Float[Tensor, "m n"]]:
        hidden, memory = (children.side_by_side(each, len(x), self.arity) for each in children.states)
        i, o, g, forget = self.input(x).chunk(4, 1)
        di, do, dg, *df = self.below(hidden).chunk(3 + self.arity, 1)
        kept = torch.sigmoid(torch.cat([forget + each for each in df], 1)) * memory
        c = (i + di).sigmoid() * (g + dg).tanh() + kept.view(len(x), self.arity, -1).sum(1)
        return (o + do).sigmoid() * c.tanh(), c
