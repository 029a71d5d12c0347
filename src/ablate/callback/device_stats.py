"""Use and memory of the device in TensorBoard, by Lightning's own monitor."""

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import DeviceStatsMonitor
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from ablate.errors import BadInput
from ablate.schema.options import checked


class DeviceStats(DeviceStatsMonitor):
    """Lightning's `DeviceStatsMonitor`: before and after every `trainer.log_every_n_steps`-th batch of the training.

        DeviceStatsMonitor.on_train_batch_start/…, …on_train_batch_end/…    a GPU's memory; on a CPU its use and memory

    Args:
        cpu_stats: also those of the CPU beside a GPU; None: where there is no GPU.

    Raises:
        BadInput: no logger; no psutil, which reads the numbers of a CPU.
    """

    @checked
    def __init__(self, cpu_stats: bool | None = None) -> None:
        super().__init__(cpu_stats)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        try:
            super().setup(trainer, pl_module, stage)
        except ModuleNotFoundError:
            raise BadInput("probe=device_stats reads the use of the CPU by psutil: pip install psutil") from None
        except MisconfigurationException:
            raise BadInput("probe=device_stats needs a logger, such as logger=tensorboard") from None
