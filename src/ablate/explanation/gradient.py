"""The gradient: which small change of the input changes the score most."""

from jaxtyping import Float
from torch import Tensor

from ablate.explanation.score import Score, value_and_gradient


def gradient(score: Score, x: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *shape"]:
    """a = ∂y/∂x of the unnormalised score y.

    Source: Simonyan, Vedaldi and Zisserman 2014, "Deep inside convolutional networks", section 3 (who show max |a| over colours).
    """
    return value_and_gradient(score, x)[1]
