"""How well a network predicts tokens: a language model the next one, a decoder those of a text."""

from collections.abc import Sequence
from math import log

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics import Metric
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


class ExposureScores(Metric):
    """Four scores over all tokens with a target y_t, which include the end of each text:

        forced_accuracy   share of tokens with argmax p(· | y_1 … y_{t-1}) = y_t (teacher forcing)
        token_accuracy    share with ŷ_t = y_t, where the network generates ŷ from its own tokens (free-running)
        exposure_gap      forced_accuracy - token_accuracy (exposure bias: Ranzato et al. 2016, section 1)
        exposure_loss     exposure_gap / forced_accuracy: the share of what it knows that it loses among its own tokens;
                          nan where it knows nothing

    A step behind the end of ŷ is wrong. `token_accuracy` compares step by step. If a text may have other words or another order,
    as a caption may, it is low for good texts too.

    Args:
        ignore_index: the target of steps that have none.
        end: the token that ends a text.
        free_running: False gives `forced_accuracy` alone.
        at_lengths: lengths of texts, without the end, for which `token_accuracy` is also given alone, as token_accuracy/5.
    """

    counts: Tensor

    def __init__(self, ignore_index: int, end: int, free_running: bool = True, at_lengths: Sequence[int] = ()) -> None:
        super().__init__()
        self.ignore_index, self.end, self.free_running, self.at_lengths = ignore_index, end, free_running, tuple(at_lengths)
        # columns: targets, right with forcing, right when free-running; rows: all texts, then those of each length
        self.add_state("counts", default=torch.zeros(1 + len(self.at_lengths), 3, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, forced: Int[Tensor, "b t"], target: Int[Tensor, "b t"], free: Int[Tensor, "b u"] | None = None) -> None:
        """Count a batch; `free` may be of another length."""
        there = target != self.ignore_index
        hits = (forced == target) & there
        each = [there.sum(1), hits.sum(1), torch.zeros_like(hits.sum(1)) if free is None else self._free_hits(free, target)]
        rows = torch.stack(each, 1)  # b, 3
        lengths = there.sum(1) - 1
        of = [rows, *(rows[lengths == length] for length in self.at_lengths)]
        self.counts += torch.stack([part.sum(0) for part in of])

    def compute(self) -> dict[str, Tensor]:
        """The scores by name; nan if no token was counted."""
        targets, forced, free = self.counts.double().unbind(1)
        if not self.free_running:
            return {"forced_accuracy": forced[0] / targets[0]}
        scores = {"forced_accuracy": forced[0], "token_accuracy": free[0], "exposure_gap": forced[0] - free[0]}
        found = {name: value / targets[0] for name, value in scores.items()}
        found["exposure_loss"] = (forced[0] - free[0]) / forced[0].where(forced[0] > 0, torch.nan)
        shares = (free / targets)[1:].unbind()
        return found | {f"token_accuracy/{length}": share for length, share in zip(self.at_lengths, shares, strict=True)}

    def _free_hits(self, free: Tensor, target: Tensor) -> Tensor:
        ends = free == self.end
        free = free.masked_fill(ends.cumsum(1) > ends.long(), self.ignore_index)  # behind the end
        steps = min(free.shape[1], target.shape[1])
        same = (free[:, :steps] == target[:, :steps]) & (target[:, :steps] != self.ignore_index)
        return same.sum(1)
