"""Loggers in the run's own folder, TensorBoard's and a table's, which a continued run goes on with; others are Lightning's."""

import csv
import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from tensorboard.summary.writer.event_file_writer import _AsyncWriterThread
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams as hparams_summary

from ablate.schema.options import Positive


def _hide_writers(failure: threading.ExceptHookArgs) -> None:
    """Print what ended a thread, except that of a writer: its error (a full disk) is raised again at the next use of the writer."""
    if not isinstance(failure.thread, _AsyncWriterThread):
        threading.__excepthook__(failure)


threading.excepthook = _hide_writers


class Continuing(ABC):
    """A logger whose file a continued run goes on with."""

    @abstractmethod
    def continue_from(self, step: int) -> None:
        """Forget what an interrupted run wrote after `step`."""


class CSV(CSVLogger, Continuing):
    """metrics.csv: a row each time something is logged, a column for each tag and `step`; hparams.yaml: the composed config."""

    def __init__(self, save_dir: str, flush_logs_every_n_steps: Positive = 100) -> None:
        super().__init__(save_dir, name="", version="", flush_logs_every_n_steps=flush_logs_every_n_steps)

    @rank_zero_only
    def continue_from(self, step: int) -> None:
        path = Path(self.log_dir) / "metrics.csv"
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
            path.unlink()  # Lightning would warn of it and delete it
            for row in rows:
                values = {tag: float(value) for tag, value in row.items() if value and tag != "step"}
                self.experiment.log_metrics(values, int(row["step"]))


class TensorBoard(TensorBoardLogger, Continuing):
    """The writer of a run.

    HPARAMS: each run writes its session alone (in the folder hparams/ of the run, so that the table shows the final
    metrics and not every scalar). An experiment summary is never written: where there is one, TensorBoard takes the
    columns of the first it meets for all runs; where there is none, it takes the union over the runs.
    """

    def __init__(self, save_dir: str, flush_secs: int = 10) -> None:
        super().__init__(save_dir, name="", version="", default_hp_metric=False, flush_secs=flush_secs)

    def log_hyperparams(self, params: dict[str, Any], metrics: dict[str, float] | None = None, step: Any = None) -> None:
        """Lightning's own call is left empty: `log_session` writes HPARAMS once, when the metrics are known."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Lightning adds the number of the epoch as a curve of its own; it is left out."""
        super().log_metrics({tag: value for tag, value in metrics.items() if tag != "epoch"}, step)

    @rank_zero_only
    def log_session(self, params: dict[str, str | float | bool], metrics: dict[str, float]) -> None:
        """The row of this run in the HPARAMS table; a row that an earlier start of the run wrote is replaced."""
        folder = Path(self.log_dir) / "hparams"
        shutil.rmtree(folder, ignore_errors=True)
        _, start, end = hparams_summary(params, metrics)
        with SummaryWriter(str(folder)) as writer:
            writer.file_writer.add_summary(start)
            writer.file_writer.add_summary(end)
            for tag, value in metrics.items():
                writer.add_scalar(tag, value)

    @rank_zero_only
    def continue_from(self, step: int) -> None:
        self._kwargs["purge_step"] = step + 1

    @rank_zero_only
    def save(self) -> None:
        """Write what was logged. The config is kept by the run's folder; Lightning's hparams.yaml would be a second copy."""
        self.experiment.flush()
