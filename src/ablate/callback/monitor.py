"""Logs loss, learning rate, gradient norm and speed while a network learns."""

import time

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch.optim import Optimizer


class Monitor(Callback):
    """Logs train/loss_step, optimizer/lr, optimizer/grad_norm and speed/… every `trainer.log_every_n_steps` steps.

    The gradient norm is the Euclidean norm over all parameters, before any clipping. Speed leaves out validation.
    """

    def __init__(self) -> None:
        self.grad_norm: torch.Tensor | None = None
        self.steps, self.seconds, self.since = 0, 0.0, 0.0

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        if trainer.global_step % trainer.log_every_n_steps == 0:
            gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
            self.grad_norm = torch.nn.utils.get_total_norm(gradients)

    def on_train_batch_start(self, *_: object) -> None:
        self.since = self.since or time.perf_counter()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: dict, batch, batch_idx) -> None:
        self.steps += 1
        if self.grad_norm is not None:
            self._write(trainer, outputs["loss"], len(batch[0]))
            self.grad_norm = None

    def on_validation_start(self, *_: object) -> None:
        self._pause()

    def _pause(self) -> None:
        if self.since:
            self.seconds += time.perf_counter() - self.since
            self.since = 0.0

    def _write(self, trainer: Trainer, loss: torch.Tensor, batch_size: int) -> None:
        self._pause()
        values = {
            "train/loss_step": float(loss),
            "optimizer/lr": trainer.optimizers[0].param_groups[0]["lr"],
            "optimizer/grad_norm": float(self.grad_norm),
            "speed/steps_per_second": self.steps / self.seconds,
            "speed/samples_per_second": self.steps * batch_size * trainer.world_size / self.seconds,
        }
        for logger in trainer.loggers:
            logger.log_metrics(values, step=trainer.global_step)
        self.steps, self.seconds = 0, 0.0
