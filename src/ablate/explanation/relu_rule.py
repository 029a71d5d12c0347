"""Backward passes with another rule at the ReLUs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.overrides import TorchFunctionMode

from ablate.errors import BadInput
from ablate.explanation.score import Score, value_and_gradient

RELUS = (torch.relu, F.relu, Tensor.relu)
IN_PLACE = (torch.relu_, F.relu_, Tensor.relu_)


class ReluRule(TorchFunctionMode):
    """Within it `rule` is applied in the place of every ReLU: of modules, of functions, of modules used twice, of those in place.

    Hooks on modules would miss F.relu, and stumble over ReLUs in place, which overwrite what a hook has seen.

    Attributes:
        applied: how many ReLUs there were.
    """

    def __init__(self, rule: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.rule, self.applied = rule, 0

    def __torch_function__(
        self, func: Callable, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func not in RELUS and func not in IN_PLACE:
            return func(*args, **kwargs)
        self.applied += 1
        x = args[0] if args else kwargs["input"]
        in_place = func in IN_PLACE or func is F.relu and bool(kwargs.get("inplace", args[1:] and args[1]))
        return x.copy_(self.rule(x)) if in_place else self.rule(x)


class KeepPositive(Function):
    """ReLU forwards; backwards ReLU again, of what comes from above: ∂/∂x := max(g, 0)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g.clamp(min=0)


class KeepPositiveOfActive(Function):
    """ReLU forwards; backwards ∂/∂x := max(g, 0) where x > 0, else 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x > 0)  # not x, which may be overwritten
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (active,) = ctx.saved_tensors
        return g.clamp(min=0) * active


def gradient_with_rule(
    score: Score, x: Float[Tensor, "n *shape"], rule: Callable[[Tensor], Tensor], name: str
) -> tuple[Float[Tensor, " n"], Float[Tensor, "n *shape"]]:
    """y with its graph, and what goes back to x where `rule` is in the place of every ReLU.

    Args:
        name: of the method, for messages.

    Raises:
        BadInput: the network applies no ReLU.
    """
    mode = ReluRule(rule)

    def scored(x: Tensor) -> Tensor:
        with mode:
            return score(x)

    y, attribution = value_and_gradient(scored, x)
    if not mode.applied:
        raise BadInput(f"{name} changes the way back through ReLUs, and this network has none: explanation=gradient is for any")
    return y, attribution
