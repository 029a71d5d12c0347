"""DRAW: milliseconds a step of the drawing, with attention, without, and with one of its two halves."""

from collections.abc import Callable, Sequence

import torch

from ablate.analysis.cost import cost, interleaved, medians
from ablate.command.benchmark.common import DEVICE, composed
from ablate.console import print_table
from ablate.data.batch import BinaryPictureBatch
from ablate.run.build import build
from ablate.task.generation import Generation

REPEATS = 7
WAYS = {  # name -> filters for reading and for writing; "" leaves those of the config
    "attention": ("", ""),
    "read through a window": ("", "null"),
    "write through a window": ("null", ""),
    "no attention": ("null", "null"),
}


def run(overrides: Sequence[str]) -> None:
    """Training (forward, backward), evaluation, and drawing pictures of its own; all divided by the steps of the network."""
    tasks = {way: drawer(way, overrides) for way in WAYS}
    work: dict[str, Callable[[], object]] = {}
    for way, (task, data) in tasks.items():
        work |= {f"{way}, {name}": job for name, job in jobs(task, data).items()}
    t = medians(interleaved(work, REPEATS))
    rows = []
    for way, (task, data) in tasks.items():
        costs = cost(task.model, *task.inputs(first(data)))
        speeds = [f"{t[f'{way}, {name}'] / task.model.steps * 1e3:.2f}" for name in ("training", "evaluation", "drawing")]
        rows.append((way, *speeds, f"{costs.parameters:,}", f"{costs.multiply_adds // task.model.steps:,}"))
    task, data = tasks["attention"]
    title = f"milliseconds a step of {task.model.steps}, batch {len(data.image)}, on {DEVICE}"
    print_table(title, ("", "training", "evaluation", "drawing", "parameters", "mult-adds a step"), rows)


def drawer(way: str, overrides: Sequence[str]) -> tuple[Generation, BinaryPictureBatch]:
    """The task of experiment=draw_digits with these overrides, and a random batch for it."""
    halves = zip(("read", "write"), WAYS[way], strict=True)
    words = [f"model.{half}_filters={filters}" for half, filters in halves if filters]
    cfg = composed(["experiment=draw_digits", *overrides, *words])
    torch.manual_seed(0)
    task, count = build(cfg, "task").to(DEVICE), cfg.data.batch_size
    image = torch.randint(2, (count, 1, *task.model.image_size), device=DEVICE).float()
    return task, BinaryPictureBatch(image, torch.arange(count, device=DEVICE))


def jobs(task: Generation, data: BinaryPictureBatch) -> dict[str, Callable[[], object]]:
    """What is timed of a network."""

    def training() -> None:
        task.zero_grad()
        task.train().step(data).loss.backward()

    def evaluation() -> None:
        with torch.no_grad():
            task.eval().model(*inputs)

    inputs = task.inputs(data)
    return {"training": training, "evaluation": evaluation, "drawing": lambda: task.draw(len(data.image), 0)}


def first(data: BinaryPictureBatch) -> BinaryPictureBatch:
    """The first picture alone."""
    return BinaryPictureBatch(*(field[:1] for field in data))
