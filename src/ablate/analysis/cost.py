"""What a network costs: parameters, and multiply-adds of one forward pass."""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


class Cost(NamedTuple):
    """Parameters, multiply-adds of a forward pass, and the same for each part of the network."""

    parameters: int
    multiply_adds: int
    parts: dict[str, "Cost"]


def cost(model: nn.Module, *inputs: Tensor | None) -> Cost:
    """Count on the meta device: nothing is computed, and model and random state stay as they are.

    Multiply-adds are those of convolutions and matrix products, for the whole batch of `inputs`.
    """
    shadow = copy.deepcopy(model).to("meta").eval()
    with FlopCounterMode(display=False, depth=2) as counter, torch.no_grad():
        shadow(*(each if each is None else each.to("meta") for each in inputs))
    counts = counter.get_flop_counts()
    root = type(shadow).__name__
    parts = {
        name: Cost(_parameters(part), sum(counts.get(f"{root}.{name}", {}).values()) // 2, {})
        for name, part in shadow.named_children()
    }
    return Cost(_parameters(model), counter.get_total_flops() // 2, parts)


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
