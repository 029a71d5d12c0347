"""A baseline that ignores the order of its tokens."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import check_positive
from ablate.model.recurrent.base import SequenceModel
from ablate.model.recurrent.input import SequenceInput
from ablate.model.recurrent.unroll import check_lengths, present


class BagOfWords(SequenceModel):
    """logits = W mean_t E[token_t] + b: any order of the same tokens gives the same answer (Joulin et al. 2017, section 2).

    Args:
        vocabulary_size, input_size, embedding_size, dropout: see `SequenceInput`.
        num_classes: logits a sequence.
    """

    def __init__(
        self, vocabulary_size: int | None, input_size: int | None, embedding_size: int, num_classes: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.input = SequenceInput(vocabulary_size, input_size, embedding_size, dropout)
        self.head = nn.Linear(self.input.output_size, check_positive("num_classes", num_classes))

    def forward(
        self, xs: Int[Tensor, "b t"] | Float[Tensor, "b t d"], lengths: Int[Tensor, " b"] | None = None
    ) -> Float[Tensor, "b k"]:
        check_lengths(lengths, xs.shape[0], xs.shape[1], xs.device)
        embedded = self.input(xs)
        if lengths is None:
            return self.head(embedded.mean(1))
        mask = present(lengths, embedded.shape[1])[..., None]
        return self.head((embedded * mask).sum(1) / lengths[:, None])
