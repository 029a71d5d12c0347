"""How well a language model predicts the next token."""

from math import log

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics.text import Perplexity


class LanguageScores(Perplexity):
    """Two scores over the N tokens of a split whose target is not `ignore_index`:

        perplexity       exp(-1/N Σ ln p(token))
        bits_per_token   log₂ perplexity; for a model of characters the bits per character

    A model that gives every token the same probability has log₂(vocabulary size) bits.
    """

    def update(self, preds: Float[Tensor, "b t k"], target: Int[Tensor, "b t"]) -> None:
        """Add a batch of logits; torchmetrics' own `update` takes the logarithm of a softmax, which may be 0."""
        logits, target = preds.flatten(0, 1).float(), target.flatten()
        self.total_log_probs += cross_entropy(logits, target, ignore_index=self.ignore_index, reduction="sum")
        self.count += (target != self.ignore_index).sum()

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """Both scores by name."""
        return {"perplexity": super().compute(), "bits_per_token": self.total_log_probs / self.count / log(2)}
