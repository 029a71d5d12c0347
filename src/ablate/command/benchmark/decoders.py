"""Every decoder on the same encoder: time of forward and backward, memory, parameters, multiply-adds."""

import gc
from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from ablate.analysis.cost import cost, interleaved, medians
from ablate.command.benchmark.common import DEVICE, composed, step
from ablate.console import print_table
from ablate.files import options
from ablate.run.build import build

REPEATS = 12
HEADINGS = ["decoder", "ms", "× fastest", "kept, MiB", "parameters", "mult-adds"]


def run(overrides: Sequence[str]) -> None:
    """One training step (without optimiser) of each option of model/decoder."""
    models = {}
    for name in options("model/decoder"):
        cfg = composed([f"model/decoder={name}", *overrides])
        task = build(cfg, "task")  # lays the weights out as a run does
        models[name] = task.model.to(DEVICE)
    size = 128 if cfg.data.image_size is None else cfg.data.image_size
    shape = (cfg.data.batch_size, 3, *([size, size] if isinstance(size, int) else size))
    image = torch.rand(shape, device=DEVICE).contiguous(memory_format=task.memory_format)
    times = medians(interleaved({name: step(model, partial(model, image)) for name, model in models.items()}, REPEATS))
    rows = []
    for name, model in models.items():
        costs, time = cost(model, image[:1]), times[name]
        kept = f"{memory(model, image):.1f}"
        sizes = f"{costs.parameters:,}", f"{costs.multiply_adds:,}"
        rows.append((name, f"{time * 1e3:.1f}", f"{time / min(times.values()):.2f}", kept, *sizes))
    print_table(f"forward and backward of {tuple(shape)} on {DEVICE}; what is kept between them", HEADINGS, rows)


def memory(model: nn.Module, image: torch.Tensor) -> float:
    """MiB of distinct storage that autograd keeps between forward and backward, parameters not counted."""
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = model(image)
    del out
    gc.collect()
    return sum(kept.values()) / 2**20
