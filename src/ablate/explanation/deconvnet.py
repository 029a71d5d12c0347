"""The deconvnet: back through transposed convolutions and unpooling switches, with a ReLU at each ReLU."""

from jaxtyping import Float
from torch import Tensor

from ablate.errors import BadInput
from ablate.explanation.relu_rule import KeepPositive, gradient_with_rule
from ablate.explanation.score import Score

SWITCHES = "MaxPool"  # in the names of what goes back through max pooling: ours, and torch's


def deconvnet(score: Score, x: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *shape"]:
    """The gradient, but that at each ReLU the backward pass is g ↦ max(g, 0), whatever x was.

    Going back through a convolution is a transposed convolution with the same kernel; going back through max pooling is
    unpooling by its switches: the backward pass of `ablate.model.segmenter.max_pool.max_pool` is `max_unpool`, the layer of the
    decoders max_unpool and deconvnet. So a deconvnet differs from the gradient at ReLUs alone.

    Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 2.1; Simonyan et al. 2014,
    section 4 (its relation to the gradient).

    Raises:
        BadInput: the network applies no ReLU, or no max pooling, so that there is no switch.
    """
    y, attribution = gradient_with_rule(score, x, KeepPositive.apply, "deconvnet")
    if not has_switches(y):
        raise BadInput("deconvnet unpools by the switches of max pooling, and this network has none: explanation=guided needs none")
    return attribution


def has_switches(y: Tensor) -> bool:
    """Whether max pooling lies between y and what it was computed from."""
    seen, nodes = set(), [y.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        if SWITCHES in node.name():
            return True
        seen.add(node)
        nodes += [before for before, _ in node.next_functions]
    return False
