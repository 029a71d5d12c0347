"""Pictures per second: drawing and collating on the CPU, finishing (rendering, converting) on the device."""

from collections.abc import Sequence

from ablate.analysis.cost import milliseconds, seconds
from ablate.command.benchmark.common import DEVICE, composed, loading
from ablate.console import console, print_table
from ablate.data.batch import CaptionBatch, QuestionBatch, SegmentationBatch
from ablate.errors import BadInput
from ablate.run.build import build

BATCHES = 20


def run(overrides: Sequence[str]) -> None:
    """Time the train split of the composed data set, batch by batch, without loader workers."""
    data = build(composed(overrides), "datamodule")
    dataset, size, load = data.datasets["train"], data.batch_size, loading(data)
    raw = data.transfer_batch_to_device(load(), DEVICE, 0)
    drawing, finishing = seconds(load, BATCHES), seconds(lambda: dataset.finish(raw), BATCHES)
    both = sum(drawing) + sum(finishing)
    if not isinstance(batch := dataset.finish(raw), SegmentationBatch | CaptionBatch | QuestionBatch) or batch.image is None:
        raise BadInput(f"benchmark.py data times pictures, and a batch of {type(dataset).__name__} has none: choose other data")
    height, width = batch.image.shape[2:]
    rows = [("draw or read, collate", milliseconds(drawing)), (f"finish on {DEVICE}", milliseconds(finishing))]
    print_table(f"a batch of {size} pictures of {height}×{width}", ["part", "ms: median [quartiles]"], rows)
    console.print(f"{size * BATCHES / both:,.0f} pictures a second")
