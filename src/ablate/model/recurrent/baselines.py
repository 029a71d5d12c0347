"""Baselines without recurrence: one ignores the order of its tokens, one has separate weights for each position."""

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.model.recurrent.layers import SequenceInput, Sequences
from ablate.model.recurrent.models import SequenceModel
from ablate.model.recurrent.unroll import check_lengths, length_mask
from ablate.schema.options import Positive, ProperFraction, Width, checked


class BagOfWords(SequenceModel):
    """logits = W mean_t E[token_t] + b: any order of the same tokens gives the same answer (Joulin et al. 2017, section 2).

    Args:
        vocabulary_size, input_size, embedding_size, dropout: see `SequenceInput`.
        num_classes: logits a sequence.
    """

    @checked
    def __init__(
        self,
        vocabulary_size: Positive | None,
        input_size: Positive | None,
        embedding_size: Width,
        num_classes: Positive,
        dropout: ProperFraction = 0.0,
    ) -> None:
        super().__init__()
        self.input = SequenceInput(vocabulary_size, input_size, embedding_size, dropout)
        self.head = nn.Linear(self.input.output_size, num_classes)

    def forward(self, xs: Sequences, lengths: Int[Tensor, " b"] | None = None) -> Float[Tensor, "b k"]:
        check_lengths(lengths, xs.shape[0], xs.shape[1], xs.device)
        embedded = self.input(xs)
        if lengths is None:
            return self.head(embedded.mean(1))
        mask = length_mask(lengths, embedded.shape[1])[..., None]
        return self.head((embedded * mask).sum(1) / lengths[:, None])


class WindowMLP(SequenceModel):
    """logits = W_2 φ(W_1 [x_1; …; x_w] + b_1) + b_2, φ = ReLU: the first w steps side by side, and no others.

    What is learned at one position is not known at another. A longer sequence is cut off, a shorter one is filled with zeros.

    Args:
        vocabulary_size, input_size, embedding_size: see `SequenceInput`.
        num_classes: logits a sequence.
        window: w.
        dropout: of the inputs and of the hidden layer.
    """

    @checked
    def __init__(
        self,
        vocabulary_size: Positive | None,
        input_size: Positive | None,
        embedding_size: Width,
        num_classes: Positive,
        window: Positive,
        hidden_size: Width,
        dropout: ProperFraction = 0.0,
    ) -> None:
        super().__init__()
        self.window = window
        self.input = SequenceInput(vocabulary_size, input_size, embedding_size, dropout)
        self.hidden = nn.Linear(window * self.input.output_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, num_classes)

    def forward(self, xs: Sequences, lengths: Int[Tensor, " b"] | None = None) -> Float[Tensor, "b k"]:
        check_lengths(lengths, xs.shape[0], xs.shape[1], xs.device)
        embedded = self.input(xs[:, : self.window])
        if lengths is not None:
            embedded = embedded * length_mask(lengths, embedded.shape[1])[..., None]
        filled = F.pad(embedded, (0, 0, 0, self.window - embedded.shape[1]))
        return self.head(self.dropout(self.hidden(filled.flatten(1)).relu()))
