"""The IRNN: an Elman cell with ReLU that starts by copying its state."""

from torch import nn

from ablate.model.recurrent.cell.elman import Elman


class IRNN(Elman):
    """h_t = max(0, W_x x_t + W_h h_{t-1} + b), at first with W_h = gain·1 and b = 0 (Le, Jaitly and Hinton 2015, section 2).

    Args:
        input_deviation: standard deviation of W_x at initialisation.
    """

    def __init__(self, input_size: int, hidden_size: int, gain: float = 1.0, input_deviation: float = 0.001) -> None:
        super().__init__(input_size, hidden_size, "relu", "identity", gain)
        nn.init.normal_(self.weight_input, std=input_deviation)
        nn.init.zeros_(self.bias)
