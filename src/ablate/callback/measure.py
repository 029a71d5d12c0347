"""Base classes of callbacks that log measures at the end of the test."""

from abc import ABC, abstractmethod
from typing import ClassVar

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback


class Measure(Callback, ABC):
    """A callback that logs measures at the end of the test."""

    @abstractmethod
    def metric_tags(self) -> list[str]:
        """The tags under which the measures are logged."""


class BeforeAndAfter(Measure):
    """Measures a network before its training and again at the end of its test.

    Both are logged at the end of the test: test/NAME_start/… and test/NAME/…. A continued run keeps the first from its checkpoint.

    Attributes:
        name: NAME.
    """

    name: ClassVar[str]

    def __init__(self) -> None:
        self.start: dict[str, float] = {}

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The names of the measures."""

    @abstractmethod
    def measure(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        """Measure the network as it is now; the values by name."""

    def metric_tags(self) -> list[str]:
        return [f"test/{moment}/{name}" for moment in (f"{self.name}_start", self.name) for name in self.names]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self.start:
            self.start = self.measure(trainer, pl_module)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        values = {f"test/{self.name}_start/{name}": value for name, value in self.start.items()}
        values |= {f"test/{self.name}/{name}": value for name, value in self.measure(trainer, pl_module).items()}
        pl_module.log_dict(values, on_step=False, on_epoch=True, batch_size=1)

    def state_dict(self) -> dict:
        return {"start": self.start}

    def load_state_dict(self, state_dict: dict) -> None:
        self.start = state_dict["start"]
