"""The Child-Sum Tree-LSTM."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.tree.composition.base import Children, Composition


class ChildSum(Composition):
    """An LSTM whose state before is the sum over children, with a forget gate for each of them.

        h̃ = Σ_k h_k,   i, o = σ(W x + U h̃ + b),   g = tanh(W_g x + U_g h̃ + b_g),   f_k = σ(W_f x + U_f h_k + b_f)
        c = i ∘ g + Σ_k f_k ∘ c_k,   h = o ∘ tanh(c)

    The order of children does not count, and there may be any number. With one child at each node it is the LSTM.

    Source: Tai, Socher and Manning 2015, Improved semantic representations from tree-structured LSTMs, section 3.1, eqs. 2 to 8.
    """

    memory = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.input = nn.Linear(input_size, 4 * hidden_size)  # input, output, candidate, forget
        self.summed = nn.Linear(hidden_size, 3 * hidden_size, bias=False)
        self.single = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, x: Float[Tensor, "m d"], children: Children) -> tuple[Float[Tensor, "m n"], Float[Tensor, "m n"]]:
        hidden, memory = children.states
        *projected, forget = self.input(x).chunk(4, 1)
        i, o, g = (torch.cat(projected, 1) + self.summed(children.total(hidden, len(x)))).chunk(3, 1)
        kept = torch.sigmoid(forget[children.parent] + self.single(hidden)) * memory
        c = i.sigmoid() * g.tanh() + children.total(kept, len(x))
        return o.sigmoid() * c.tanh(), c
