"""Wall time of pieces of work, on the CPU or on a GPU."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import torch


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
