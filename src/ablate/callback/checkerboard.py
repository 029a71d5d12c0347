"""Logs the checkerboard of a network before and after its training, as numbers and as a picture."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lightning.pytorch import LightningModule, Trainer

from ablate.analysis.checkerboard import NAMES, Checkerboard, measure
from ablate.callback.log import log_figure
from ablate.callback.measure import BeforeAndAfter
from ablate.figure.checkerboard import network_name, plot_checkerboard
from ablate.schema.options import Positive, checked


class CheckerboardMeasures(BeforeAndAfter):
    """Logs every measure of `ablate.analysis.checkerboard.NAMES` on the test split, before training and at the test.

    Shows the network before and after in TensorBoard and checkerboard.png.

    Args:
        folder: of the run; checkerboard.png goes there.
        pictures: number of pictures of the test split, rounded up to whole batches.
    """

    name = "checkerboard"

    @checked
    def __init__(self, folder: str, pictures: Positive) -> None:
        super().__init__()
        self.path = Path(folder) / "checkerboard.png"
        self.pictures = pictures
        self.measured: dict[str, Checkerboard] = {}

    @property
    def names(self) -> list[str]:
        return list(NAMES)

    def measure(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        measured = measure(task, self._batches(trainer, task))
        for logger in trainer.loggers:
            logger.log_metrics({f"checkerboard/{name}": value for name, value in measured.values.items()}, step=trainer.global_step)
        if trainer.is_global_zero:
            self.measured["trained" if trainer.testing else "before training"] = measured
            network = network_name(task.config.get("task", {}))
            log_figure(plot_checkerboard(self.measured, network), self.path, trainer, "checkerboard")
        return measured.values

    def _batches(self, trainer: Trainer, task: LightningModule) -> Iterator[tuple]:
        data = trainer.datamodule
        batches = islice(data.batches("test"), -(-self.pictures // data.batch_size))
        return (data.transfer_batch_to_device(batch, task.device, 0) for batch in batches)
