"""What the benchmarks share: a composed config, fair timing, a table."""

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence

import torch
from omegaconf import DictConfig
from rich.table import Table

from ablate.cli.compose import compose_run
from ablate.console import console


def composed(overrides: Sequence[str]) -> DictConfig:
    """conf/train.yaml with overrides, outside any run; files of a run go to a temporary folder."""
    return compose_run("train", tempfile.mkdtemp(prefix="ablate_benchmark_"), overrides)


def synchronise() -> None:
    """Wait for the GPU, where there is one: its work is queued, not done, when a call returns."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds(work: Callable[[], object], repeats: int, warm: int = 2) -> list[float]:
    """Wall time of each of `repeats` calls after `warm` uncounted ones."""
    times = []
    for i in range(warm + repeats):
        synchronise()
        start = time.perf_counter()
        work()
        synchronise()
        if i >= warm:
            times.append(time.perf_counter() - start)
    return times


def interleaved(work: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each piece of work, taken in turns so that drifts cancel."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for i in range(repeats):
        for name, function in work.items():
            times[name] += seconds(function, repeats=1, warm=2 if i == 0 else 0)
    return {name: statistics.median(each) for name, each in times.items()}


def milliseconds(times: Sequence[float]) -> str:
    """Median and quartiles, in ms."""
    low, middle, high = statistics.quantiles(times, n=4) if len(times) > 1 else (times[0],) * 3
    return f"{middle * 1e3:.2f} [{low * 1e3:.2f}, {high * 1e3:.2f}]"


def show(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, first column left, the others right."""
    table = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left")
    for row in rows:
        table.add_row(*map(str, row))
    console.print(table)
