"""What a network costs: parameters, multiply-adds of one forward pass, wall time on the CPU or on a GPU."""

import copy
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from lightning.fabric.utilities import move_data_to_device
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Cost(NamedTuple):
    """Parameters, multiply-adds of a forward pass, and the same for each part of the network."""

    parameters: int
    multiply_adds: int
    parts: dict[str, "Cost"]


def cost(model: nn.Module, *inputs: Any) -> Cost:
    """Count on the meta device: nothing is computed, and model and random state stay as they are.

    Multiply-adds are those of convolutions and matrix products, for the whole batch of `inputs`, tensors or
    tuples of them.
    """
    shadow = copy.deepcopy(model).to("meta").eval()
    with FlopCounterMode(display=False, depth=2) as counter, torch.no_grad():
        shadow(*move_data_to_device(inputs, torch.device("meta")))
    counts = counter.get_flop_counts()
    root = type(shadow).__name__
    parts = {
        name: Cost(_parameters(part), sum(counts.get(f"{root}.{name}", {}).values()) // 2, {})
        for name, part in shadow.named_children()
    }
    return Cost(_parameters(model), counter.get_total_flops() // 2, parts)


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def synchronise() -> None:
    """Wait until the GPU, where there is one, has done its queued work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds(work: Callable[[], object], repeats: int, warm_up: int = 2) -> list[float]:
    """Seconds of each of `repeats` calls of `work`, after `warm_up` calls that are not timed."""
    times = []
    for i in range(warm_up + repeats):
        synchronise()
        start = time.perf_counter()
        work()
        synchronise()
        if i >= warm_up:
            times.append(time.perf_counter() - start)
    return times


def interleaved(work: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of `repeats` calls of each piece of work, which take turns so that a drift of the machine affects all of them."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for i in range(repeats):
        for name, function in work.items():
            times[name] += seconds(function, repeats=1, warm_up=0 if i else 2)
    return times


def medians(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median of each piece of work."""
    return {name: statistics.median(each) for name, each in times.items()}


def milliseconds(times: Sequence[float]) -> str:
    """Median and quartiles of times in seconds, as text in ms."""
    low, middle, high = statistics.quantiles(times, n=4) if len(times) > 1 else (times[0],) * 3
    return f"{middle * 1e3:.2f} [{low * 1e3:.2f}, {high * 1e3:.2f}]"
