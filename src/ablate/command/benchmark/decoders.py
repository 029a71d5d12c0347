"""Every decoder on the same encoder: forward and backward time, memory, parameters, multiply-adds."""

import gc
import statistics
from collections.abc import Sequence

import torch
from torch import nn

from ablate.analysis.cost import cost
from ablate.cli.suggest import options
from ablate.command.benchmark.common import composed, seconds, show
from ablate.run.build import build

REPEATS = 12


def run(overrides: Sequence[str]) -> None:
    """One training step (without optimiser) of each option of model/decoder, interleaved so that drifts cancel."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    names = options("model/decoder")
    models, rows = {}, []
    for name in names:
        cfg = composed([f"model/decoder={name}", *overrides])
        task = build(cfg, "task")  # lays the weights out as a run does
        models[name] = task.model.to(device)
    size = cfg.data.image_size or 128
    shape = (cfg.data.batch_size, 3, *([size, size] if isinstance(size, int) else size))
    image = torch.rand(shape, device=device).contiguous(memory_format=task.memory_format)
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(REPEATS):
        for name, model in models.items():
            times[name] += seconds(lambda: step(model, image), repeats=1, warm=1 if len(times[name]) == 0 else 0)
    fastest = min(statistics.median(t) for t in times.values())
    for name, model in models.items():
        costs, middle = cost(model, image[:1]), statistics.median(times[name])
        rows.append(
            (
                name,
                f"{middle * 1e3:.1f}",
                f"{middle / fastest:.2f}",
                f"{memory(model, image):.1f}",
                f"{costs.parameters:,}",
                f"{costs.multiply_adds:,}",
            )
        )
    headings = ["decoder", "ms", "× fastest", "kept, MiB", "parameters", "mult-adds"]
    show(f"forward and backward of {tuple(shape)} on {device}; what is kept between them", headings, rows)


def step(model: nn.Module, image: torch.Tensor) -> None:
    """Forward and backward of a scalar of the logits."""
    model(image).square().mean().backward()
    model.zero_grad()


def memory(model: nn.Module, image: torch.Tensor) -> float:
    """MiB of distinct storage that autograd keeps between forward and backward, parameters not counted."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = model(image)
    del out
    gc.collect()
    return sum(kept.values()) / 2**20
