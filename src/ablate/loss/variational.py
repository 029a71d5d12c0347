"""The two parts of a variational bound, in nats."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def kl_from_standard_normal(mean: Float[Tensor, "*b d"], log_deviation: Float[Tensor, "*b d"]) -> Float[Tensor, "*b"]:
    """KL(N(μ, σ²) ‖ N(0, I)) = ½ Σ_d (μ² + σ² - log σ² - 1), over the last axis; 0 where both are the same.

    Source: Kingma and Welling 2014, Auto-encoding variational Bayes, appendix B. DRAW's eq. 11 is that of one latent number a step:
    its -T/2 is -T·d/2 with d of them.
    """
    return (mean**2 + torch.expm1(2 * log_deviation) - 2 * log_deviation).sum(-1) / 2


def bernoulli_nats(logits: Float[Tensor, "b h w"], image: Float[Tensor, "b h w"]) -> Float[Tensor, " b"]:
    """-log p(x) of each picture x whose pixels are 0 or 1, where pixels are 1 with the probability σ(logit)."""
    return F.binary_cross_entropy_with_logits(logits.float(), image, reduction="none").sum((1, 2))
