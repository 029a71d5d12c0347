"""Pictures per second: drawing and collating on the CPU, finishing (rendering, converting) on the device."""

from collections.abc import Sequence

import torch

from ablate.analysis.timing import milliseconds, seconds
from ablate.command.benchmark.common import composed, console, print_table
from ablate.run.build import build

BATCHES = 20


def run(overrides: Sequence[str]) -> None:
    """Time the train split of the composed data set, batch by batch, without loader workers."""
    cfg = composed(overrides)
    data = build(cfg, "datamodule")
    dataset, size = data.datasets["train"], data.batch_size
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    order = iter(range(10**9))

    def draw() -> object:
        return dataset.collate([dataset[next(order) % len(dataset)] for _ in range(size)])

    raw = data.transfer_batch_to_device(draw(), device, 0)
    drawing, finishing = seconds(draw, BATCHES), seconds(lambda: dataset.finish(raw), BATCHES)
    both = sum(drawing) + sum(finishing)
    height, width = dataset.finish(raw).image.shape[2:]
    rows = [("draw or read, collate", milliseconds(drawing)), (f"finish on {device}", milliseconds(finishing))]
    print_table(f"a batch of {size} pictures of {height}×{width}", ["part", "ms: median [quartiles]"], rows)
    console.print(f"{size * BATCHES / both:,.0f} pictures a second")
