"""Cross-entropy over the steps of sequences."""

import torch.nn.functional as F
from jaxtyping import Float, Int
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
