"""A checkpoint whose explanations are drawn, with the data that it was trained on."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from omegaconf.errors import OmegaConfBaseException

from ablate.cli.compose import compose_config
from ablate.data.batch import CaptionBatch, SegmentationBatch
from ablate.data.datamodule import DataModule
from ablate.errors import BadInput
from ablate.run.build import build
from ablate.run.checkpoint import read_checkpoint
from ablate.run.foreign import plain_overrides
from ablate.run.load import load_task
from ablate.task.captioning import Captioning
from ablate.task.segmentation import Segmentation


class Opened(NamedTuple):
    """A segmenter or a captioner in evaluation mode, its data, and what the file holds."""

    task: Segmentation | Captioning
    data: DataModule
    content: dict[str, Any]

    def pictures(self, count: int) -> SegmentationBatch | CaptionBatch:
        """Up to so many test pictures, spread evenly over the split; where they differ in size, one."""
        return cast(SegmentationBatch | CaptionBatch, self.data.example_batch("test", count))


def open_checkpoint(path: str, figure: str, trust: Sequence[str] = ()) -> Opened:
    """The network of a checkpoint and its data, whose test split is there.

    Args:
        figure: that is drawn, for messages.

    Raises:
        BadInput: the checkpoint's network is neither, or its data are not there.
    """
    content = read_checkpoint(path)
    task, cfg = load_task(content, path, trust=trust), compose_config("train", plain_overrides(content["overrides"], path))
    if not isinstance(task, Segmentation | Captioning):
        raise BadInput(f"the figure {figure} is of segmenters and captioners; checkpoint {path!r} holds a {type(task).__name__}")
    try:
        data = build(cfg, "datamodule")
    except OmegaConfBaseException as error:
        raise BadInput(f"checkpoint {path!r} does not say which data it was trained on: {str(error).splitlines()[0]}") from error
    data.check("test")
    return Opened(task, data, content)
