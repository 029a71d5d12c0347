"""What a recurrent network reads at each step."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import BadInput, Misfit, check_fraction, check_positive


class SequenceInput(nn.Module):
    """x_t = E[token_t], a learned row of numbers for each token; numbers pass as they are.

    Args:
        vocabulary_size: of tokens; None where the data are numbers.
        input_size: numbers a step; None where the data are tokens.
        embedding_size: numbers in each row of E; the row of padding, token 0, is zero and stays so.
        dropout: of x_t.

    Attributes:
        output_size: numbers in x_t.
    """

    def __init__(self, vocabulary_size: int | None, input_size: int | None, embedding_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        if (vocabulary_size is None) == (input_size is None):
            raise Misfit("the data are either tokens (`vocabulary_size`) or numbers (`input_size`)")
        if input_size is None:
            self.output_size = check_positive("embedding_size", embedding_size)
            self.embedding = nn.Embedding(check_positive("vocabulary_size", vocabulary_size), embedding_size, padding_idx=0)
        else:
            self.output_size, self.embedding = check_positive("input_size", input_size), None
        self.size = vocabulary_size
        self.dropout = nn.Dropout(check_fraction("dropout", dropout))

    def forward(self, xs: Int[Tensor, "b t"] | Float[Tensor, "b t d"]) -> Float[Tensor, "b t e"]:
        """x_1 … x_t of each sequence."""
        if (xs.ndim == 2) != (self.embedding is not None):
            kind = "tokens" if xs.ndim == 2 else "numbers"
            raise Misfit(f"the network was made for {'tokens' if self.embedding else 'numbers'}, the data are {kind}")
        if xs.shape[1] < 1:
            raise BadInput("an empty sequence has no step to read; the least length is 1")
        if self.embedding is None:
            if xs.shape[2] != self.output_size:
                raise Misfit(
                    f"the network was made for `input_size`={self.output_size}, the data have {xs.shape[2]} numbers a step"
                )
            return self.dropout(xs)
        if xs.device.type == "cpu" and not (int(xs.min()) >= 0 and int(xs.max()) < self.size):
            raise BadInput(f"tokens from {int(xs.min())} to {int(xs.max())} are not all in a vocabulary of {self.size}")
        return self.dropout(self.embedding(xs))
