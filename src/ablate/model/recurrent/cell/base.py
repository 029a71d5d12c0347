"""What a recurrent cell is: one step; the loop over time lives in `ablate.model.recurrent.unroll`."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.schema.options import Positive, Width, checked

RecurrentInit = Literal["uniform", "orthogonal", "identity"]


class HiddenState(NamedTuple):
    """The state of a cell that keeps nothing but its output h."""

    hidden: Float[Tensor, "b n"]


class Cell(nn.Module, ABC):
    """h_t = f_W(h_{t-1}, x_t), with the same W at every t.

    A step is `step(project(x_t), state)`: what depends on x_t alone is one matrix product for all t, which `unroll` uses.

    Args:
        input_size: numbers in x_t.
        hidden_size: numbers in h_t.

    Attributes:
        state_type: a NamedTuple whose first field, `hidden`, is the output; every field is (b, hidden_size).
        gates: blocks of hidden_size rows in the weights, by name.
    """

    state_type: ClassVar[Any] = HiddenState
    gates: ClassVar[tuple[str, ...]] = ("hidden",)

    @checked
    def __init__(self, input_size: Positive, hidden_size: Width) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        rows = len(self.gates) * hidden_size
        self.weight_input = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hidden = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias = nn.Parameter(torch.empty(rows))

    def project(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b rows"]:
        """W_x x + b, for one step or for all of a sequence."""
        return nn.functional.linear(x, self.weight_input, self.bias)

    @abstractmethod
    def step(self, projected: Float[Tensor, "b rows"], state: tuple) -> tuple:
        """The next state, from W_x x_t + b and the state before."""

    def forward(self, x: Float[Tensor, "b d"], state: tuple) -> tuple[Float[Tensor, "b n"], tuple]:
        """One step: output and next state."""
        state = self.step(self.project(x), state)
        return state[0], state

    def initial_state(self, batch: int) -> tuple:
        """Zeros, on the device of the weights."""
        return self.state_type(*(self.bias.new_zeros(batch, self.hidden_size) for _ in self.state_type._fields))

    def fused(self) -> tuple[str, Sequence[Tensor]] | None:
        """The function of torch that computes a whole sequence of these steps, and its weights in its order; None without one."""
        return None

    def check_state(self, state: tuple, batch: int) -> tuple:
        """The state, if it is one of this cell for a batch of this size."""
        if tuple(state[0].shape) != (batch, self.hidden_size):
            raise BadInput(
                f"a state of shape {tuple(state[0].shape)} does not fit a batch of {batch} with hidden_size={self.hidden_size}"
            )
        return state

    def initialise(self, recurrent_init: RecurrentInit, gain: float) -> None:
        """Weights and biases uniform in ±1/√hidden_size, as in torch; then the recurrent ones of each gate, times `gain`.

        uniform leaves them so; orthogonal draws Q with QᵀQ = 1 (Saxe et al. 2014); identity is the unit matrix (Le et al. 2015).
        """
        bound = self.hidden_size**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        with torch.no_grad():
            for block in self.weight_hidden.split(self.hidden_size):
                if recurrent_init == "orthogonal":
                    nn.init.orthogonal_(block)
                elif recurrent_init == "identity":
                    nn.init.eye_(block)
                block.mul_(gain)


class GatedCell(Cell):
    """A cell whose step goes through gates."""

    @abstractmethod
    def gate(self, projected: Float[Tensor, "b rows"], state: tuple) -> tuple[dict[str, Tensor], tuple]:
        """How far each gate is open, from 0 to 1, and the next state."""

    def step(self, projected: Float[Tensor, "b rows"], state: tuple) -> tuple:
        return self.gate(projected, state)[1]
