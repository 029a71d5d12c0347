"""Long short-term memory."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ablate.model.recurrent.cell.base import GatedCell, RecurrentInit
from ablate.schema.options import Number, Positive, Width, checked


class LSTMState(NamedTuple):
    """h, the output, and c, the memory that is added to."""

    hidden: Float[Tensor, "b n"]
    memory: Float[Tensor, "b n"]


class LSTM(GatedCell):
    """c_t = f ∘ c_{t-1} + i ∘ g,   h_t = o ∘ tanh(c_t): a state that is added to, behind gates.

        i, f, o = σ(W x_t + U h_{t-1} + b), each with weights of its own,   g = tanh(W_g x_t + U_g h_{t-1} + b_g)

    Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    Args:
        forget_bias: b_f at initialisation, the one that is effective (torch adds two); null: uniform, as the other biases.
            Large ones keep the memory, and with it the gradient (Gers et al. 2000; Jozefowicz et al. 2015, section 2.2).
        recurrent_init, gain: of the four U, see `initialise`.
    """

    state_type = LSTMState
    gates = ("input", "forget", "candidate", "output")

    @checked
    def __init__(
        self,
        input_size: Positive,
        hidden_size: Width,
        forget_bias: Number | None = None,
        recurrent_init: RecurrentInit = "uniform",
        gain: Number = 1.0,
    ) -> None:
        super().__init__(input_size, hidden_size)
        self.initialise(recurrent_init, gain)
        if forget_bias is not None:
            with torch.no_grad():
                self.bias[hidden_size : 2 * hidden_size] = forget_bias

    def gate(self, projected: Float[Tensor, "b rows"], state: LSTMState) -> tuple[dict[str, Tensor], LSTMState]:
        i, f, g, o = torch.addmm(projected, state.hidden, self.weight_hidden.T).chunk(4, -1)
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        memory = f * state.memory + i * g.tanh()
        return {"input": i, "forget": f, "output": o}, LSTMState(o * memory.tanh(), memory)

    def fused(self) -> tuple[str, Sequence[Tensor]]:
        """torch.lstm; of its two biases, the second is zero."""
        return "lstm", (self.weight_input, self.weight_hidden, self.bias, torch.zeros_like(self.bias))
