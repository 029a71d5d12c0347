"""Guided backpropagation: what goes back passes a ReLU only where it is positive and the ReLU was open."""

from jaxtyping import Float
from torch import Tensor

from ablate.explanation.relu_rule import KeepPositiveOfActive, gradient_with_rule
from ablate.explanation.score import Score


def guided(score: Score, x: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *shape"]:
    """The gradient, but that at each ReLU the backward pass is g ↦ g · 1[x > 0] · 1[g > 0].

    Source: Springenberg, Dosovitskiy, Brox and Riedmiller 2015, "Striving for simplicity", section 3.4. It looks sharp, but hardly
    depends on the upper weights (Adebayo et al. 2018, "Sanity checks for saliency maps").

    Raises:
        BadInput: the network applies no ReLU.
    """
    return gradient_with_rule(score, x, KeepPositiveOfActive.apply, "guided")[1]
