"""How well a language model predicts the next token."""

from jaxtyping import Float
from torch import Tensor
from torchmetrics.text import Perplexity


class LanguageScores(Perplexity):
    """Over all N tokens of a split, none counted that is ignored:

        perplexity       exp(-1/N Σ ln p(token))
        bits_per_token   log₂ perplexity; of characters, the bits per character

    A model that knows nothing has log₂ of the vocabulary's size.
    """

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """Both by name."""
        perplexity = super().compute()
        return {"perplexity": perplexity, "bits_per_token": perplexity.log2()}
