"""How well a language model predicts the next token."""

from math import log

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics.text import Perplexity


class LanguageScores(Perplexity):
    """Over all N tokens of a split, none counted that is ignored:

        perplexity       exp(-1/N Σ ln p(token))
        bits_per_token   log₂ perplexity; of characters, the bits per character

    A model that knows nothing has log₂ of the vocabulary's size.
    """

    def update(self, preds: Float[Tensor, "b t k"], target: Int[Tensor, "b t"]) -> None:
        """From logits; torchmetrics' own takes the logarithm of a softmax, which may be 0."""
        logits, target = preds.flatten(0, 1).float(), target.flatten()
        self.total_log_probs += cross_entropy(logits, target, ignore_index=self.ignore_index, reduction="sum")
        self.count += (target != self.ignore_index).sum()

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """Both by name."""
        return {"perplexity": super().compute(), "bits_per_token": self.total_log_probs / self.count / log(2)}
