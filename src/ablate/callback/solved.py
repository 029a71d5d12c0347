"""Logs whether and when a problem is solved, and whether a training diverges."""

from math import isfinite

from lightning.pytorch import LightningModule, Trainer

from ablate.callback.measure import Measure
from ablate.errors import BadInput, check_choice, did_you_mean

FIRST = 10  # number of losses whose mean the later ones are compared with
FACTOR = 10.0  # a training has diverged if its loss is larger than this times that mean


class Solved(Measure):
    """Logs at the test's end whether and when a validation metric reached a threshold.

        test/solved/yes    1 or 0
        test/solved/step   step of the first validation that reached the threshold, or else the last step

    Args:
        metric: name under which it is logged, such as val/mse.
        threshold: the problem is solved once the metric reaches it.
        mode: min, the metric is at most the threshold; max, it is at least the threshold.
    """

    def __init__(self, metric: str, threshold: float, mode: str) -> None:
        self.metric, self.threshold, self.mode = metric, threshold, check_choice("mode", mode, ("min", "max"))
        self.step: int | None = None

    def metric_tags(self) -> list[str]:
        return ["test/solved/yes", "test/solved/step"]

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.metric not in trainer.callback_metrics:
            raise BadInput(f"`metric`={self.metric!r} is not logged{did_you_mean(self.metric, trainer.callback_metrics)}")
        value = float(trainer.callback_metrics[self.metric])
        if self.step is None and (value <= self.threshold if self.mode == "min" else value >= self.threshold):
            self.step = trainer.global_step

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        step = trainer.global_step if self.step is None else self.step
        values = {"test/solved/yes": float(self.step is not None), "test/solved/step": float(step)}
        pl_module.log_dict(values, on_step=False, on_epoch=True, batch_size=1)

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

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pl_module.log("test/diverged", float(self.diverged), on_step=False, on_epoch=True, batch_size=1)

    def state_dict(self) -> dict:
        return {"first": self.first, "diverged": self.diverged}

    def load_state_dict(self, state_dict: dict) -> None:
        self.first, self.diverged = state_dict["first"], state_dict["diverged"]
