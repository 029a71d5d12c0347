"""Networks with some of their weights drawn anew: what an explanation does not notice, it does not explain."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import torch
from torch import nn

from ablate.model.evaluation import evaluating


def layers_from_above(model: nn.Module, run: Callable[[nn.Module], object]) -> list[str]:
    """Names of the modules with weights of their own that `run` calls, the last one first.

    Of a module that runs twice its last time counts; of one whose weights another module computes with, as a cell's, the other's.
    """
    moments, clock = dict[str, int](), count()

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        return lambda module, inputs, output: moments.update({name: next(clock)})

    handles = [module.register_forward_hook(note(name)) for name, module in model.named_modules()]
    try:
        with torch.no_grad(), evaluating(model):
            run(model)
    finally:
        for handle in handles:
            handle.remove()
    own = [name for name, module in model.named_modules() if any(True for _ in module.parameters(recurse=False))]
    found = {name: moment for name in own if (moment := _moment(name, moments)) is not None}
    return sorted(found, key=lambda name: found[name], reverse=True)


def _moment(name: str, moments: Mapping[str, int]) -> int | None:
    """When a module ran, or else the nearest one around it, but not the whole network."""
    while name and name not in moments:
        name = name.rpartition(".")[0]
    return moments[name] if name else None


def steps_from_above(model: nn.Module, layers: Sequence[str]) -> dict[str, list[str]]:
    """Layers from above as steps of a cascade: each a layer with a matrix or a kernel, which names it, and the norms behind it."""
    steps, norms = dict[str, list[str]](), list[str]()
    for name in layers:
        norms.append(name)
        if any(weight.ndim > 1 for weight in model.get_submodule(name).parameters(recurse=False)):
            steps[name], norms = norms, []
    if steps:
        steps[next(reversed(steps))] += norms
    return steps


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


def cascade(model: nn.Module, fresh: nn.Module, steps: Iterable[Sequence[str]]) -> Iterator[nn.Module]:
    """A copy of a network with no, with the first, the first two, …, with all of the steps as in `fresh`, which is not trained.

    It is one copy, which changes from step to step.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", "Cascading randomization".
    """
    model = copy.deepcopy(model)
    yield model
    for step in steps:
        for name in step:
            _copy_own(fresh.get_submodule(name), model.get_submodule(name))
        yield model


def _copy_own(source: nn.Module, target: nn.Module) -> None:
    """The weights and buffers of one module, and not of those within it."""
    with torch.no_grad():
        for kind in (nn.Module.named_parameters, nn.Module.named_buffers):
            values = dict(kind(source, recurse=False))
            for name, value in kind(target, recurse=False):
                value.copy_(values[name])
