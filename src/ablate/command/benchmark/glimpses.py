"""Glimpses: what one costs against the picture's size, in multiply-adds and milliseconds, beside networks that see the whole."""

from collections.abc import Callable, Sequence

import torch

from ablate.analysis.cost import cost, interleaved, medians
from ablate.command.benchmark.common import DEVICE, composed
from ablate.console import print_table
from ablate.data.batch import PictureBatch
from ablate.run.build import build
from ablate.task.glimpses import GlimpseTask

SIZES, REPEATS = (60, 100, 200), 5
NETWORKS = {  # name -> overrides
    "ram": ("model=ram", "model.width=12", "model.scales=3"),
    "dram": ("model=dram",),
    "picture_mlp": ("model=picture_mlp",),
    "picture_cnn": ("model=picture_cnn",),
}


def run(overrides: Sequence[str]) -> None:
    """Evaluation and training of a batch of random pictures: of networks with glimpses all columns but the pictures' size stay."""
    made = {(name, size): looker(name, size, overrides) for name in NETWORKS for size in SIZES}
    work: dict[str, Callable[[], object]] = {}
    for (name, size), (task, batch) in made.items():
        work |= {f"{name} {size} {kind}": job for kind, job in jobs(task, batch).items()}
    t, rows = medians(interleaved(work, REPEATS)), []
    for (name, size), (task, batch) in made.items():
        glimpses, count = task.model.glimpses, len(batch.image)
        found = cost(task.eval().model, *task.inputs(first(batch)))
        each = t[f"{name} {size} evaluation"] / glimpses / count * 1e6
        speed = f"{1 / t[f'{name} {size} training']:.1f}"
        rows.append((name, f"{size}×{size}", str(glimpses), f"{found.multiply_adds // glimpses:,}", f"{each:.1f}", speed))
    count = len(next(iter(made.values()))[1].image)
    head = ("network", "pictures", "glimpses", "mult-adds a glimpse", "µs a glimpse", "steps a second")
    print_table(f"batch {count}, on {DEVICE}; a whole picture is one glimpse; steps are of training", head, rows)


def looker(name: str, size: int, overrides: Sequence[str]) -> tuple[GlimpseTask, PictureBatch]:
    """The task of experiment=ram_digits with a network and overrides, and a random batch for it."""
    words = ["experiment=ram_digits", f"data.image_size={size}", "data.num_classes=10", "data.max_labels=1", *NETWORKS[name]]
    cfg = composed([*words, *overrides])
    torch.manual_seed(0)
    task, count = build(cfg, "task").to(DEVICE), cfg.data.batch_size
    image, place = torch.rand(count, 1, size, size, device=DEVICE), torch.zeros(count, 1, 2, device=DEVICE)
    target = torch.randint(10, (count,), device=DEVICE)
    return task, PictureBatch(image, target, place, torch.arange(count, device=DEVICE))


def jobs(task: GlimpseTask, batch: PictureBatch) -> dict[str, Callable[[], object]]:
    """What is timed of a network."""

    def training() -> None:
        task.zero_grad()
        task.train().step(batch).loss.backward()

    def evaluation() -> None:
        with torch.no_grad():
            task.eval().model(*task.inputs(batch))

    return {"training": training, "evaluation": evaluation}


def first(batch: PictureBatch) -> PictureBatch:
    """The first picture alone."""
    return PictureBatch(*(field[:1] for field in batch))
