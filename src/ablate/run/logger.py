"""Loggers in the run's own folder, TensorBoard's and a table's, which a continued run goes on with; others are Lightning's."""

import csv
import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.event_file_writer import _AsyncWriterThread
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

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
    """The writer of a run: one run in TensorBoard, with its row of HPARAMS in the same file."""

    def __init__(self, save_dir: str, flush_secs: int = 10) -> None:
        super().__init__(save_dir, name="", version="", default_hp_metric=False, flush_secs=flush_secs)

    def log_hyperparams(self, params: dict[str, Any], metrics: dict[str, float] | None = None, step: Any = None) -> None:
        """Lightning's own call is left empty: `log_session` writes HPARAMS once, when the metrics are known."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Lightning adds the number of the epoch as a curve of its own; it is left out."""
        super().log_metrics({tag: value for tag, value in metrics.items() if tag != "epoch"}, step)

    @rank_zero_only
    def log_session(self, params: dict[str, str | float | bool], swept: Collection[str], metrics: Sequence[str]) -> None:
        """The row of this run in the HPARAMS table.

        TensorBoard takes the columns of all rows from the first run that it meets, so a folder should hold runs of one task.

        Args:
            params: the values to compare runs by.
            swept: keys of those that come first.
            metrics: tags of scalars, in the order of the columns; TensorBoard shows the last value of each.
        """
        experiment, start, end = hparams(params, dict.fromkeys(metrics, 0.0))
        content = experiment.value[0].metadata.plugin_data
        columns = HParamsPluginData.FromString(content.content)
        for column in columns.experiment.hparam_infos:
            column.differs = column.name in swept
        content.content = columns.SerializeToString()
        with SummaryWriter(self.log_dir, filename_suffix=".hparams") as writer:  # Lightning has closed its own
            for part in (experiment, start, end):
                writer.file_writer.add_summary(part)

    @rank_zero_only
    def continue_from(self, step: int) -> None:
        self._kwargs["purge_step"] = step + 1

    @rank_zero_only
    def save(self) -> None:
        """Write what was logged. The config is kept by the run's folder; Lightning's hparams.yaml would be a second copy."""
        self.experiment.flush()
