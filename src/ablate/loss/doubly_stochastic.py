"""Attention that has looked everywhere once when the text is over."""

from jaxtyping import Bool, Float
from torch import Tensor


def doubly_stochastic(
    weights: Float[Tensor, "b t s"], written: Bool[Tensor, "b t"], mask: Bool[Tensor, "b s"] | None = None
) -> Float[Tensor, ""]:
    """Σ_i (1 - Σ_t w_ti)², the mean over the batch: eq. 14 of Xu et al. 2015, to be added to the loss with a factor λ.

    Args:
        weights: of each token t on each place i; they sum to 1 over the places.
        written: which tokens are within their text.
        mask: which places are within their source; None: all.
    """
    seen = (weights * written[..., None]).sum(1)
    missed = (1 - seen).square()
    return (missed if mask is None else missed * mask).sum(1).mean()
