"""What a training step costs in a bare PyTorch loop, in bare Lightning, and as this project runs it."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig
from rich.console import Console
from torch.utils.data import TensorDataset, default_collate

from ablate.analysis.cost import medians, milliseconds, seconds, synchronise
from ablate.callback.compile import without_compile
from ablate.command.benchmark.common import composed, loading
from ablate.console import print_table
from ablate.data.batch import SegmentationBatch
from ablate.data.datamodule import DataModule
from ablate.run.build import build
from ablate.run.train import make_trainer
from ablate.task.base import Task

ROUNDS, WARM = 7, 5
SMALL = ["data.image_size=8", "data.batch_size=1", "model.encoder.width=2", "model.encoder.depth=1", "optimizer=sgd"]
CASES = {  # name -> (overrides, pictures, whether they are drawn beforehand: else drawing them is most of a step)
    "about 1 ms": (SMALL, 400, True),
    "about 50 ms": (["data.batch_size=8"], 320, False),
    "the default": ([], 640, False),
}


class Drawn(TensorDataset):
    """The pictures of a data set, finished beforehand."""

    stream = False

    def __init__(self, dataset: Any) -> None:
        batch = dataset.finish(dataset.collate(list(dataset)))
        super().__init__(batch.image, batch.label, batch.index)

    def collate(self, samples: list[tuple[torch.Tensor, ...]]) -> SegmentationBatch:
        return SegmentationBatch(*default_collate(samples))

    def finish(self, batch: SegmentationBatch) -> SegmentationBatch:
        return batch


class Clock(Callback):
    """Times the steps of an epoch, loading included, but for the first WARM."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: object, i: int) -> None:
        if i == WARM - 1:
            synchronise()
            self.start = time.perf_counter()
        if trainer.is_last_batch:
            synchronise()
            self.times.append((time.perf_counter() - self.start) / (i + 1 - WARM))


def run(overrides: Sequence[str]) -> None:
    """The three loops side by side, round by round, for each of CASES; then the share of each part of a step."""
    for name, (own, pictures, drawn) in CASES.items():
        words = [*own, f"data.dataset.sizes={{train: {pictures}, val: 1, test: 1}}", "trainer.max_epochs=1", *overrides]
        loops = {"bare PyTorch loop": bare, "bare Lightning": bare_lightning, "ablate, all on": ours}
        rounds = [[measure(*parts(words, drawn)) for measure in loops.values()] for _ in range(ROUNDS)]
        times = dict(zip(loops, zip(*rounds)))
        t = medians(times)
        base, light = t["bare PyTorch loop"], t["bare Lightning"]
        rows = [(loop, milliseconds(times[loop]), f"{t[loop] / base:.3f}", f"{(t[loop] - light) * 1e3:+.2f}") for loop in loops]
        print_table(f"a step of {name}", ["loop", "ms a step: median", "÷ bare loop", "− Lightning, ms"], rows)
    shares(overrides)


def bare(cfg: DictConfig, task: Task, data: DataModule) -> float:
    """Seconds a step of the loop that a PyTorch tutorial would write, over the same loader and network."""
    loader, finish = data.train_dataloader(), data.datasets["train"].finish
    optimizer = task.optimisation.optimizer(task.parameters())
    scheduler = task.optimisation.scheduler(optimizer, steps=len(loader))
    for i, raw in enumerate(loader):
        if i == WARM:
            synchronise()
            start = time.perf_counter()
        loss = task.step(finish(raw)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    synchronise()
    return (time.perf_counter() - start) / (len(loader) - WARM)


def bare_lightning(cfg: DictConfig, task: Task, data: DataModule) -> float:
    """Seconds a step with a trainer that logs, saves, shows and validates nothing."""
    plain, clock = Plain(task), Clock()
    nothing: dict[str, Any] = {
        "logger": False,
        "profiler": None,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "limit_val_batches": 0,
    }
    trainer = build(without_compile(cfg)[0], "trainer", callbacks=[clock], **nothing)
    trainer.fit(plain, datamodule=data)
    return clock.times[-1]


class Plain(LightningModule):
    """A task's model, loss and optimiser, and nothing else of it."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return self.task.step(batch).loss

    def configure_optimizers(self) -> dict:
        return self.task.optimisation.configure(self.parameters(), int(self.trainer.estimated_stepping_batches))


def ours(cfg: DictConfig, task: Task, data: DataModule) -> float:
    """Seconds a step as scripts/train.py runs it on a terminal: metrics, logging, bar and checkpoints on."""
    clock, trainer = Clock(), make_trainer(cfg)
    with open(os.devnull, "w", encoding="utf-8") as terminal:
        trainer.progress_bar_callback.console = Console(file=terminal, force_terminal=True)
        trainer.callbacks.append(clock)
        trainer.fit(task, datamodule=data)
    return clock.times[-1]


def parts(overrides: Sequence[str], drawn: bool = False) -> tuple[DictConfig, Task, DataModule]:
    """Config, task and data module of a run."""
    cfg = composed(overrides)
    torch.manual_seed(0)
    data = build(cfg, "datamodule")
    if drawn:
        data.datasets["train"] = Drawn(data.datasets["train"])
    return cfg, build(cfg, "task"), data


def shares(overrides: Sequence[str]) -> None:
    """Data, forward, backward, optimiser: medians over single calls, the rest of a step is Lightning and logging."""
    words = ["data.dataset.sizes={train: 640, val: 1, test: 1}", "trainer.max_epochs=1", *overrides]
    cfg, task, data = parts(words)
    optimizer, draw, finish = task.optimisation.optimizer(task.parameters()), loading(data), data.datasets["train"].finish
    batch = finish(draw())
    work: dict[str, Callable[[], object]] = {
        "data": lambda: finish(draw()),
        "forward and loss": lambda: task.step(batch),
        "forward, loss and backward": lambda: task.step(batch).loss.backward(),
        "optimiser": optimizer.step,
    }
    times = {name: statistics.median(seconds(job, 12)) for name, job in work.items()}
    times["backward"] = times.pop("forward, loss and backward") - times["forward and loss"]
    whole = ours(*parts(words))
    times["Lightning and logging"] = max(0.0, whole - sum(times.values()))
    rows = [(name, f"{t * 1e3:.2f}", f"{t / whole:.1%}") for name, t in times.items()]
    print_table("shares of a step of the default model", ["part", "ms", "share"], rows)
