"""What is explained, a number for each row of an input, and its gradient."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Score:
    """y = function(x): a number for each row of x that depends on this row alone, as the logit of a class.

    Every method of this package is called as method(score, x) and returns an attribution of the shape of x.

    Args:
        function: calls a network in evaluation mode; weights may be frozen, numbers may be bfloat16.
        features: a module within the network whose output is a map, or an encoder's `Features`: what Grad-CAM looks at. None: the
            network has none.
    """

    function: Callable[[Tensor], Tensor]
    features: nn.Module | None = None

    def __call__(self, x: Float[Tensor, "n *shape"]) -> Float[Tensor, " n"]:
        y = self.function(x)
        return y if y.dtype == torch.float64 else y.float()


def value_and_gradient(
    score: Callable[[Tensor], Tensor], x: Float[Tensor, "n *shape"]
) -> tuple[Float[Tensor, " n"], Float[Tensor, "n *shape"]]:
    """y with its graph, and ∂y_i/∂x_i of each row; 0 where y does not depend on x.

    Works within `torch.no_grad` and `torch.inference_mode` too, and leaves x and the weights' gradients alone. cuDNN, which goes
    back through recurrent layers in training mode only, is then not used: training mode would switch dropout on.
    """
    try:
        return _value_and_gradient(score, x)
    except RuntimeError as error:
        if "cudnn RNN backward" not in str(error):
            raise
        with torch.backends.cudnn.flags(enabled=False):
            return _value_and_gradient(score, x)


def _value_and_gradient(score: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False), torch.enable_grad():
        x = x.clone().detach().requires_grad_()
        y = score(x)
        if not y.requires_grad:
            return y, torch.zeros_like(x)
        (gradient,) = torch.autograd.grad(y.sum(), x, allow_unused=True, materialize_grads=True)
    return y, gradient


def precise(x: Tensor) -> Tensor:
    """x as float32 at least, in which sums of many small numbers do not lose them."""
    return x if x.dtype == torch.float64 else x.float()
