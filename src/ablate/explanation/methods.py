"""All methods by name, and the maps that are shown of their attributions."""

from collections.abc import Callable, Mapping

from jaxtyping import Float
from torch import Tensor

from ablate.explanation.deconvnet import deconvnet
from ablate.explanation.grad_cam import grad_cam
from ablate.explanation.gradient import gradient
from ablate.explanation.guided import guided
from ablate.explanation.input_x_gradient import input_x_gradient
from ablate.explanation.integrated_gradients import integrated_gradients
from ablate.explanation.occlusion import occlusion
from ablate.explanation.score import Score
from ablate.explanation.smooth_gradient import smooth_gradient

Method = Callable[[Score, Tensor], Tensor]
METHODS: Mapping[str, Method] = {
    method.__name__: method
    for method in (gradient, input_x_gradient, smooth_gradient, integrated_gradients, deconvnet, guided, grad_cam, occlusion)
}
SIGNED = ("input_x_gradient", "integrated_gradients", "grad_cam", "occlusion")  # what speaks for the score, and what against


def by_position(name: str, attribution: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *place"]:
    """One number for each pixel of (n, c, h, w), or for each step of (n, t, e).

    Of the methods of `SIGNED`, whose values are parts of the score, the sum over colours or over the numbers of a step; of the
    others, which say in which direction these would have to change, max |a| (Simonyan et al. 2014, section 3.1).
    """
    over = 1 if attribution.ndim == 4 else 2
    return attribution.sum(over) if name in SIGNED else attribution.abs().amax(over)


def relevance(name: str, attribution: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *place"]:
    """`by_position`, but 0 where it speaks against the score: how much each place has to do with it."""
    return by_position(name, attribution).clamp(min=0)
