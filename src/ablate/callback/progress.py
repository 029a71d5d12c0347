"""One progress bar for a whole run with the time left, redrawn at a fixed rate instead of at each step."""

import logging

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ablate.console import TextConsole

log = logging.getLogger(__name__)
SHOWN = ("train/loss", "val/loss", "val/miou", "val/accuracy", "val/bits_per_token")


class Progress(ProgressBar):
    """`epoch 3/15 ━━━━━━ 164/960 steps 0:00:21 gone, 0:01:32 left  train/loss .41  val/miou .62`.

    Where the console is no terminal, one line an epoch instead. Either way each epoch is a line of run.log.
    """

    def __init__(self, redraws_per_second: float = 2.0) -> None:
        super().__init__()
        self.redraws_per_second = redraws_per_second
        self.console: Console = TextConsole(stderr=True)
        self.bar: Bar | None = None
        self.bar_task: TaskID | None = None
        self.done = 0

    def disable(self) -> None:
        self.console = Console(quiet=True)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._open("", total=trainer.estimated_stepping_batches, done=trainer.global_step)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._describe(trainer, f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}")

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        if self.bar is not None:
            self.bar.update(self.bar_task, completed=trainer.global_step)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        validated = (trainer.current_epoch + 1) % (trainer.check_val_every_n_epoch or 1) == 0
        line = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  {self._values(trainer, validated)}"
        log.info(line)
        if not self.console.is_terminal:
            self.console.print(line, highlight=False)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._open("test", total=sum(trainer.num_test_batches), done=0)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: object) -> None:
        if self.bar is not None:
            self.bar.advance(self.bar_task)

    def _open(self, description: str, total: int | float, done: int) -> None:
        if not self.console.is_terminal:
            return
        columns = [TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn()]
        columns += [TextColumn("gone,"), TimeRemainingColumn(), TextColumn("left  {task.fields[values]}")]
        self.bar = Bar(*columns, console=self.console, refresh_per_second=self.redraws_per_second)
        self.bar_task = self.bar.add_task(description, total=total, completed=done, values="")
        self.bar.start()

    def _describe(self, trainer: Trainer, description: str) -> None:
        if self.bar is not None:
            self.bar.update(self.bar_task, description=description, values=self._values(trainer))

    def _values(self, trainer: Trainer, validated: bool = True) -> str:
        values = {name: trainer.callback_metrics.get(name) for name in SHOWN if validated or name.startswith("train/")}
        return "  ".join(f"{name} {float(v):.3f}" for name, v in values.items() if isinstance(v, torch.Tensor))

    def _close(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    on_train_end = on_test_end = on_exception = _close
