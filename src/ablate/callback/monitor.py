"""Logs loss, learning rate, gradient norm, speed and curves while a network learns; a profiler that costs no time."""

import time
from contextlib import nullcontext
from pathlib import Path

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.profilers import PassThroughProfiler
from torch.optim import Optimizer

from ablate.files import write_json


class Monitor(Callback):
    """Logs loss, learning rate, the gradient's norm and speed under train/, every `trainer.log_every_n_steps` steps.

    The gradient norm is the Euclidean norm over all parameters, before any clipping. Speed leaves out validation.
    """

    def __init__(self) -> None:
        self.grad_norm: torch.Tensor | None = None
        self.steps, self.seconds = 0, 0.0
        self.since: float | None = None  # when the time that is measured began

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        if trainer.global_step % trainer.log_every_n_steps == 0:
            gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
            self.grad_norm = torch.nn.utils.get_total_norm(gradients)

    def on_train_batch_start(self, *_: object) -> None:
        self.since = time.perf_counter() if self.since is None else self.since

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: dict, batch, batch_idx) -> None:
        self.steps += 1
        if self.grad_norm is not None:
            self._write(trainer, outputs["loss"], len(batch[0]))
            self.grad_norm = None

    def _pause(self, *_: object) -> None:
        if self.since is not None:
            self.seconds += time.perf_counter() - self.since
            self.since = None

    on_validation_start = _pause

    def _write(self, trainer: Trainer, loss: torch.Tensor, batch_size: int) -> None:
        self._pause()
        values = {
            "train/loss_step": float(loss),
            "train/lr": trainer.optimizers[0].param_groups[0]["lr"],
            "train/grad_norm": float(self.grad_norm),
            "train/steps_per_second": self.steps / self.seconds,
            "train/samples_per_second": self.steps * batch_size * trainer.world_size / self.seconds,
        }
        for logger in trainer.loggers:
            logger.log_metrics(values, step=trainer.global_step)
        self.steps, self.seconds = 0, 0.0


class History(Callback):
    """history.json: `{tag: [[step, value], …]}` of every metric of each epoch, for reports; continued with the run."""

    def __init__(self, folder: str) -> None:
        self.path = Path(folder) / "history.json"
        self.curves: dict[str, list[list[float]]] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking:
            self._add(trainer, "val/")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._add(trainer, "train/")
        if trainer.is_global_zero:
            write_json(self.path, self.curves, indent=None)

    def _add(self, trainer: Trainer, split: str) -> None:
        for tag, value in trainer.callback_metrics.items():  # which also holds the values of earlier validations
            if tag.startswith(split):
                self.curves.setdefault(tag, []).append([trainer.global_step, float(value)])

    def state_dict(self) -> dict:
        return {"curves": self.curves}

    def load_state_dict(self, state_dict: dict) -> None:
        self.curves = state_dict["curves"]


class NoProfiler(PassThroughProfiler):
    """Measures nothing, as Lightning's default does, without the generator that it opens around each of some 70 hooks of a step."""

    nothing = nullcontext()

    def profile(self, action_name: str) -> nullcontext:
        return self.nothing
