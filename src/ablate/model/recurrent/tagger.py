"""Many to many, aligned: a recurrent network that classifies each step."""

from collections.abc import Callable, Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import BadInput, check_positive
from ablate.model.recurrent.base import LanguageModel
from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.input import SequenceInput
from ablate.model.recurrent.layers import Recurrent


class SequenceTagger(LanguageModel):
    """logits_t = W_o h_t + b_o at every step t. Trained to predict the next token, it is a language model.

    Args:
        vocabulary_size, input_size, embedding_size: see `SequenceInput`.
        num_classes: logits a step.
        cell, layers, bidirectional, fused: see `Recurrent`; in one direction the past does not see the future.
        dropout: of the inputs, between layers, and of the outputs.
        tied: W_o = E, the rows that the tokens are read by (Press and Wolf 2017, section 3).
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
        tied: bool = False,
        fused: str = "auto",
    ) -> None:
        super().__init__()
        self.input = SequenceInput(vocabulary_size, input_size, embedding_size, dropout)
        self.bidirectional = bidirectional
        self.recurrent = Recurrent(cell, self.input.output_size, layers, bidirectional, dropout, fused)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.recurrent.output_size, check_positive("num_classes", num_classes))
        if tied:
            if self.input.embedding is None or self.input.embedding.weight.shape != self.head.weight.shape:
                size = self.recurrent.output_size
                raise BadInput(f"`tied`=true needs as many classes as tokens, and `embedding_size`={size}, as the outputs have")
            self.head.weight = self.input.embedding.weight

    def forward(
        self,
        xs: Int[Tensor, "b t"] | Float[Tensor, "b t d"],
        lengths: Int[Tensor, " b"] | None = None,
        states: Sequence[tuple] | None = None,
    ) -> tuple[Float[Tensor, "b t k"], tuple[tuple, ...]]:
        outputs, ends = self.recurrent(self.input(xs), lengths, states)
        return self.head(self.dropout(outputs)), ends
