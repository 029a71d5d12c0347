"""Many to one: a recurrent network that classifies whole sequences."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import check_choice, check_positive
from ablate.model.recurrent.base import SequenceModel
from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.input import SequenceInput
from ablate.model.recurrent.layers import Recurrent
from ablate.model.recurrent.unroll import present

SUMMARIES = ("last", "mean", "max")


class SequenceClassifier(SequenceModel):
    """logits = W_o s + b_o, s a summary of h_1 … h_T: the last state of each direction, or mean or maximum over the steps.

    Args:
        vocabulary_size, input_size, embedding_size: see `SequenceInput`.
        num_classes: logits a sequence.
        cell, layers, bidirectional, fused: see `Recurrent`.
        dropout: of the inputs, between layers, and of the summary.
        summary: last, mean or max.
    """

    def __init__(
        self,
        vocabulary_size: int | None,
        input_size: int | None,
        embedding_size: int,
        cell: Callable[[int], Cell],
        num_classes: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        summary: str = "last",
        fused: str = "auto",
    ) -> None:
        super().__init__()
        self.summary = check_choice("summary", summary, SUMMARIES)
        self.input = SequenceInput(vocabulary_size, input_size, embedding_size, dropout)
        self.recurrent = Recurrent(cell, self.input.output_size, layers, bidirectional, dropout, fused)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.recurrent.output_size, check_positive("num_classes", num_classes))

    def forward(
        self, xs: Int[Tensor, "b t"] | Float[Tensor, "b t d"], lengths: Int[Tensor, " b"] | None = None
    ) -> Float[Tensor, "b k"]:
        outputs, ends = self.recurrent(self.input(xs), lengths)
        return self.head(self.dropout(self.summarise(outputs, ends, lengths)))

    def summarise(self, outputs: Float[Tensor, "b t n"], ends: tuple, lengths: Int[Tensor, " b"] | None) -> Float[Tensor, "b n"]:
        """s from the outputs of all steps and the states at the ends."""
        if self.summary == "last":
            return torch.cat([end[0] for end in ends[-len(self.recurrent.layers[-1]) :]], 1)
        if self.summary == "mean":
            return outputs.mean(1) if lengths is None else outputs.sum(1) / lengths[:, None]  # padding's outputs are 0
        if lengths is not None:
            outputs = outputs.masked_fill(~present(lengths, outputs.shape[1])[..., None], -torch.inf)
        return outputs.amax(1)
