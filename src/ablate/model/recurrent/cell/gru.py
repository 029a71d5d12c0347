"""The gated recurrent unit, in both of its variants."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.recurrent.cell.base import GatedCell, HiddenState, RecurrentInit
from ablate.schema.options import Number, Positive, Width, checked

Reset = Literal["after", "before"]


class GRU(GatedCell):
    """h_t = (1 - z) ∘ n + z ∘ h_{t-1}: a gate z between the old state and a candidate n.

        r = σ(W_r x + U_r h + b_r),   z = σ(W_z x + U_z h + b_z)
        n = tanh(W_n x + b_n + r ∘ (U_n h + c))        reset after the product (torch and cuDNN)
        n = tanh(W_n x + b_n + U_n (r ∘ h))            reset before the product (Cho et al. 2014, section 2.3)

    In the paper, z and 1 - z change places.

    Args:
        reset: after or before the product with U_n; only the former is fused.
        recurrent_init, gain: of U_r, U_z and U_n, see `initialise`.
    """

    gates = ("reset", "update", "candidate")

    @checked
    def __init__(
        self,
        input_size: Positive,
        hidden_size: Width,
        reset: Reset = "after",
        recurrent_init: RecurrentInit = "uniform",
        gain: Number = 1.0,
    ) -> None:
        super().__init__(input_size, hidden_size)
        self.reset = reset
        if reset == "after":
            self.bias_candidate = nn.Parameter(torch.empty(hidden_size))
        self.initialise(recurrent_init, gain)

    def gate(self, projected: Float[Tensor, "b rows"], state: HiddenState) -> tuple[dict[str, Tensor], HiddenState]:
        h, n = state.hidden, self.hidden_size
        x_gates, x_candidate = projected.split((2 * n, n), -1)
        if self.reset == "after":
            h_gates, h_candidate = nn.functional.linear(h, self.weight_hidden).split((2 * n, n), -1)
            r, z = (x_gates + h_gates).sigmoid().chunk(2, -1)
            candidate = (x_candidate + r * (h_candidate + self.bias_candidate)).tanh()
        else:
            w_gates, w_candidate = self.weight_hidden.split((2 * n, n))
            r, z = (x_gates + h @ w_gates.T).sigmoid().chunk(2, -1)
            candidate = (x_candidate + (r * h) @ w_candidate.T).tanh()
        return {"reset": r, "update": z}, HiddenState(candidate + z * (h - candidate))

    def fused(self) -> tuple[str, Sequence[Tensor]] | None:
        """torch.gru, where the reset comes after the product."""
        if self.reset == "before":
            return None
        second = torch.cat((self.bias.new_zeros(2 * self.hidden_size), self.bias_candidate))
        return "gru", (self.weight_input, self.weight_hidden, self.bias, second)
