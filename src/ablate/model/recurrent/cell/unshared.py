"""A recurrent network without weight sharing: each step has weights of its own."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.recurrent.cell.base import Cell
from ablate.schema.options import Positive, Width, checked


class CountedState(NamedTuple):
    """h, and how many steps led to it."""

    hidden: Float[Tensor, "b n"]
    count: Int[Tensor, "b 1"]


class Unshared(Cell):
    """h_t = tanh(W_t x_t + U_t h_{t-1} + b_t): what an Elman network is unrolled into, but nothing is shared.

    What is learned at one step is not known at another. The control for parameter sharing (Goodfellow et al. 2016, chapter 10).

    Args:
        steps: most steps of a sequence; each has its own W, U and b, uniform in ±1/√hidden_size at first.

    Raises:
        BadInput: a sequence of more steps.
    """

    state_type = CountedState

    @checked
    def __init__(self, input_size: Positive, hidden_size: Width, steps: Positive) -> None:
        super().__init__(input_size, hidden_size)
        self.steps = steps
        self.weight_input = nn.Parameter(torch.empty(steps, hidden_size, input_size))
        self.weight_hidden = nn.Parameter(torch.empty(steps, hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(steps, hidden_size))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)

    def project(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """x itself: its weights depend on the step."""
        if x.ndim > 2 and x.shape[-2] > self.steps:
            raise BadInput(f"a sequence of {x.shape[-2]} steps has no weights after the first {self.steps} (`steps`)")
        return x

    def step(self, projected: Float[Tensor, "b d"], state: CountedState) -> CountedState:
        t = state.count.amax(0)  # rows begin together; one that has ended keeps its state and its count
        if t.device.type == "cpu" and int(t) >= self.steps:
            raise BadInput(f"step {int(t) + 1} has no weights: there are those of {self.steps} (`steps`)")
        weight_input, weight_hidden, bias = (
            each.index_select(0, t)[0] for each in (self.weight_input, self.weight_hidden, self.bias)
        )
        return CountedState((projected @ weight_input.T + state.hidden @ weight_hidden.T + bias).tanh(), state.count + 1)

    def initial_state(self, batch: int) -> CountedState:
        hidden = self.bias.new_zeros(batch, self.hidden_size)
        return CountedState(hidden, torch.zeros(batch, 1, dtype=torch.long, device=hidden.device))
