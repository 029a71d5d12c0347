"""Input times gradient: what each number of the input adds, were the network linear."""

from jaxtyping import Float
from torch import Tensor

from ablate.explanation.score import Score, value_and_gradient


def input_x_gradient(score: Score, x: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *shape"]:
    """a = x ⊙ ∂y/∂x.

    For a network of ReLUs and max pooling without biases Σ a = y. A black pixel gets 0, whatever depends on it.

    Source: Shrikumar, Greenside, Shcherbina and Kundaje 2016, "Not just a black box", section 2.
    """
    return x * value_and_gradient(score, x)[1]
