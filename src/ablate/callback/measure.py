"""Callbacks that log measures at the end of the test: whether a problem is solved, whether a training diverges; base classes."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import ClassVar, Literal

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torchmetrics import Metric

from ablate.errors import BadInput, check_choice, did_you_mean
from ablate.schema.options import Number, checked
from ablate.task.base import Task

FIRST = 10  # number of losses whose mean the later ones are compared with
FACTOR = 10.0  # a training has diverged if its loss is larger than this times that mean


class Measure(Callback, ABC):
    """A callback that logs measures at the end of the test."""

    @abstractmethod
    def metric_tags(self) -> list[str]:
        """The tags under which the measures are logged."""

    @abstractmethod
    def values(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        """The measures by tag."""

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pl_module.log_dict(self.values(trainer, pl_module), on_step=False, on_epoch=True, batch_size=1)


def check_scores(scores: Iterable[str], task: Task) -> None:
    """Raise BadInput for the name of a score that the test of this task does not have."""
    known = [tag.removeprefix("test/") for tag in task.metric_tags("test")]
    for score in scores:
        check_choice("scores", score, known)


def computed(metrics: Mapping[str, Metric]) -> dict[str, float]:
    """Every score by its own name."""
    values = [{name: value} if not isinstance(value := metric.compute(), dict) else value for name, metric in metrics.items()]
    return {name: float(value) for each in values for name, value in each.items()}


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

    def values(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        values = {f"test/{self.name}_start/{name}": value for name, value in self.start.items()}
        return values | {f"test/{self.name}/{name}": value for name, value in self.measure(trainer, task).items()}

    def state_dict(self) -> dict:
        return {"start": self.start}

    def load_state_dict(self, state_dict: dict) -> None:
        self.start = state_dict["start"]


class Solved(Measure):
    """Logs at the test's end whether and when a validation metric reached a threshold.

        test/solved/yes    1 or 0
        test/solved/step   step of the first validation that reached the threshold, or else the last step

    Args:
        metric: name under which it is logged, such as val/mse.
        threshold: the problem is solved once the metric reaches it.
        mode: min, the metric is at most the threshold; max, it is at least the threshold.
        stop: end the training there.
    """

    @checked
    def __init__(self, metric: str, threshold: Number, mode: Literal["min", "max"], stop: bool = False) -> None:
        self.metric, self.threshold, self.mode = metric, threshold, mode
        self.stop = stop
        self.step: int | None = None

    def metric_tags(self) -> list[str]:
        return ["test/solved/yes", "test/solved/step"]

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.metric not in trainer.callback_metrics:
            raise BadInput(f"`metric`={self.metric!r} is not logged{did_you_mean(self.metric, trainer.callback_metrics)}")
        value = float(trainer.callback_metrics[self.metric])
        if self.step is None and (value <= self.threshold if self.mode == "min" else value >= self.threshold):
            self.step = trainer.global_step
            trainer.should_stop = trainer.should_stop or self.stop

    def values(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        step = trainer.global_step if self.step is None else self.step
        return {"test/solved/yes": float(self.step is not None), "test/solved/step": float(step)}

    def state_dict(self) -> dict:
        return {"step": self.step}

    def load_state_dict(self, state_dict: dict) -> None:
        self.step = state_dict["step"]


class Diverged(Measure):
    """Stops a training whose loss is not finite, or is FACTOR times its mean over the first steps; logs test/diverged, 1 or 0.

    Without this callback a loss that is not finite is an error.
    """

    def __init__(self) -> None:
        self.first: list[float] = []
        self.diverged = False

    def metric_tags(self) -> list[str]:
        return ["test/diverged"]

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        pl_module.may_diverge = True

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: dict, batch: tuple, batch_idx: int) -> None:
        loss = float(outputs["loss"])
        if len(self.first) < FIRST and isfinite(loss):
            self.first.append(loss)
        if not (isfinite(loss) and loss <= FACTOR * sum(self.first) / len(self.first)):
            self.diverged = trainer.should_stop = True

    def values(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        return {"test/diverged": float(self.diverged)}

    def state_dict(self) -> dict:
        return {"first": self.first, "diverged": self.diverged}

    def load_state_dict(self, state_dict: dict) -> None:
        self.first, self.diverged = state_dict["first"], state_dict["diverged"]
