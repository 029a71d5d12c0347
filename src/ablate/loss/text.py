"""Losses over the tokens of texts. Letters: b texts, t tokens, k classes, s positions that an attention sees."""

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor


def token_cross_entropy(
    logits: Float[Tensor, "b t k"], target: Int[Tensor, "b t"], ignore_index: int, label_smoothing: float = 0.0
) -> tuple[Float[Tensor, ""], Int[Tensor, ""]]:
    """-1/N Σ log softmax(logits)[target] over the N steps that have a target, and N; 0 where none has.

    Every step counts once, whichever sequence it is in.
    """
    count = (target != ignore_index).sum()
    total = F.cross_entropy(
        logits.flatten(0, 1), target.flatten(), ignore_index=ignore_index, reduction="sum", label_smoothing=label_smoothing
    )
    return total / count.clamp(min=1), count


def doubly_stochastic(
    weights: Float[Tensor, "b t s"], written: Bool[Tensor, "b t"], mask: Bool[Tensor, "b s"] | None = None
) -> Float[Tensor, ""]:
    """Σ_i (1 - Σ_t w_ti)², the mean over the batch: eq. 14 of Xu et al. 2015, to be added to the loss with a factor λ.

    Args:
        weights: of each token t on each position i; they sum to 1 over the positions.
        written: which tokens are within their text.
        mask: which positions are within their source; None: all.
    """
    seen = (weights * written[..., None]).sum(1)
    missed = (1 - seen).square()
    return (missed if mask is None else missed * mask).sum(1).mean()
