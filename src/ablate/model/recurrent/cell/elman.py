"""The simple recurrent network of Elman, and the IRNN, which starts by copying its state."""

from collections.abc import Sequence
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.recurrent.cell.base import Cell, HiddenState, RecurrentInit
from ablate.schema.options import NotNegative, Number, Positive, Width, checked

Nonlinearity = Literal["tanh", "relu"]


class Elman(Cell):
    """h_t = φ(W_x x_t + W_h h_{t-1} + b), φ = tanh or ReLU (Elman 1990, Finding structure in time).

    Args:
        recurrent_init, gain: of W_h, see `initialise`; with a gain above 1, gradients may explode.
    """

    @checked
    def __init__(
        self,
        input_size: Positive,
        hidden_size: Width,
        nonlinearity: Nonlinearity = "tanh",
        recurrent_init: RecurrentInit = "uniform",
        gain: Number = 1.0,
    ) -> None:
        super().__init__(input_size, hidden_size)
        self.nonlinearity = nonlinearity
        self.initialise(recurrent_init, gain)

    def step(self, projected: Float[Tensor, "b n"], state: HiddenState) -> HiddenState:
        total = projected + state.hidden @ self.weight_hidden.T
        return HiddenState(total.tanh() if self.nonlinearity == "tanh" else total.relu())

    def fused(self) -> tuple[str, Sequence[Tensor]]:
        """torch.rnn_tanh or torch.rnn_relu; of its two biases, the second is zero."""
        weights = (self.weight_input, self.weight_hidden, self.bias, self.bias.new_zeros(self.hidden_size))
        return f"rnn_{self.nonlinearity}", weights


class IRNN(Elman):
    """h_t = max(0, W_x x_t + W_h h_{t-1} + b), at first with W_h = gain·1 and b = 0 (Le, Jaitly and Hinton 2015, section 2).

    Args:
        input_deviation: standard deviation of W_x at initialisation.
    """

    @checked
    def __init__(self, input_size: Positive, hidden_size: Width, gain: Number = 1.0, input_deviation: NotNegative = 0.001) -> None:
        super().__init__(input_size, hidden_size, "relu", "identity", gain)
        nn.init.normal_(self.weight_input, std=input_deviation)
        nn.init.zeros_(self.bias)
