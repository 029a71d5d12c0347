"""Networks with some of their weights drawn anew: what an explanation does not notice, it does not explain."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ablate.model.evaluation import evaluating


def layers_from_above(model: nn.Module, x: Tensor) -> list[str]:
    """Names of the layers with weights that run for x, the last one first: of a layer that runs twice its last time counts."""
    order: list[str] = []

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        return lambda module, inputs, output: order.append(name)

    layers = [(name, module) for name, module in model.named_modules() if hasattr(module, "reset_parameters")]
    handles = [module.register_forward_hook(note(name)) for name, module in layers]
    try:
        with torch.no_grad(), evaluating(model):
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    return list(dict.fromkeys(reversed(order)))


def randomised(model: nn.Module, layers: Sequence[str], seed: int = 0) -> nn.Module:
    """A copy in which these layers are as they were before any training; torch's random numbers go on as if nothing were drawn.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", section 4 (layer by layer from above, all drawn anew).
    """
    model = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in layers:
            model.get_submodule(name).reset_parameters()
    return model
