"""The policy gradient."""

from jaxtyping import Float
from torch import Tensor


def reinforce(
    log_probability: Float[Tensor, "b t"], reward: Float[Tensor, "b t"], baseline: Float[Tensor, "b t"]
) -> Float[Tensor, ""]:
    """-1/B Σ_b Σ_t (R_bt - b_bt) log π(a_bt), whose gradient is an unbiased estimate of that of -E[R].

    Neither R nor b gets a gradient. b must not depend on its own action a_bt; it changes the variance and not the mean.

    Source: Williams 1992, Simple statistical gradient-following algorithms, theorem 1.
    """
    return -((reward - baseline).detach() * log_probability).sum(1).mean()
