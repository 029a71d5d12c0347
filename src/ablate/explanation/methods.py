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


def relevance(name: str, attribution: Float[Tensor, "n c h w"]) -> Float[Tensor, "n h w"]:
    """How much each pixel has to do with the score, at least 0.

    Of the methods of `SIGNED`, whose values are parts of the score, the sum over colours where it speaks for the score; of the
    others, which say in which direction a colour would have to change, max |a| over colours (Simonyan et al. 2014, section 3.1).
    """
    return attribution.sum(1).clamp(min=0) if name in SIGNED else attribution.abs().amax(1)
