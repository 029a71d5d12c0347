"""Summary of a run on the console and in TensorBoard: what is trained before it, test metrics after it."""

import math
import sys
from pathlib import Path

import torch
from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Trainer
from omegaconf import DictConfig, OmegaConf

from ablate.analysis.cost import cost
from ablate.console import console, look_at, print_table
from ablate.data.batch import Batch
from ablate.data.datamodule import DataModule
from ablate.files import read_json
from ablate.run import folder as run_folder
from ablate.run.logger import TensorBoard
from ablate.task.base import Task

OPTIMISTIC = "there is no test split: test is the validation split, which also chose the checkpoint, so its scores are optimistic"


def print_start(folder: Path, data: DataModule, sample: Batch, task: Task, trainer: Trainer) -> dict[str, object]:
    """Print the parts of the network, the data and the device.

    Args:
        sample: a batch.

    Returns:
        Device, parameters and multiply-adds, for run.json; nothing on other processes than the first.
    """
    if not trainer.is_global_zero:
        return {}
    costs = cost(task.model, *task.inputs(sample))
    device = torch.cuda.get_device_name() if trainer.strategy.root_device.type == "cuda" else "cpu"
    parts = {**costs.parts, "all": costs}
    rows = [(name, f"{part.parameters:,}", f"{part.multiply_adds:,}") for name, part in parts.items()]
    print_table(str(folder), ("part", "parameters", "multiply-adds"), rows)
    sizes = ", ".join(f"{len(dataset):,} {split}" for split, dataset in data.datasets.items())
    console.print(f"{sample.description}: {sizes}; {trainer.precision} on {device}")
    for split, dataset in data.datasets.items():
        if dataset.cut:
            longest = task.config["data"]["max_length"]
            console.print(f"{dataset.cut:,} of {len(dataset):,} sequences of the {split} split are cut to {longest} steps")
    console.print()
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoard):
            logger.experiment.add_text("config", _config_text(folder, task), 0)
        else:
            logger.log_hyperparams(task.config)
    return {"device": device, "parameters": costs.parameters, "multiply_adds": costs.multiply_adds}


def _config_text(folder: Path, task: Task) -> str:
    """Markdown: the command and what it overrides; the composed config below."""
    overridden = "\n".join(f"- `{word}`" for word in task.overrides) or "nothing"
    command = run_folder.read_state(folder)["command"]
    config = OmegaConf.to_yaml(OmegaConf.create(task.config))
    return f"Overridden:\n\n{overridden}\n\n```\n{command}\n```\n\n```yaml\n{config}\n```"


def print_end(folder: Path, cfg: DictConfig, trainer: Trainer, metrics: dict[str, float], test_split: str, seconds: float) -> None:
    """Write the row of HPARAMS, and print the test metrics and the command that shows the run."""
    tested = _of_test(metrics)
    for logger in (tensorboards := [logger for logger in trainer.loggers if isinstance(logger, TensorBoard)]):
        monitored = trainer.checkpoint_callbacks[0].monitor
        swept = run_folder.swept_keys(HydraConfig.get().overrides.task)
        logger.log_session(compared_values(cfg), swept, list(dict.fromkeys([monitored, *tested])))
    print_metrics(tested, test_split)
    console.print(f"{seconds:.0f} s; the run is in {folder}")
    if tensorboards:
        first = [monitored, f"test/{monitored.partition('/')[2]}"]
        console.print(look_at(logdir(folder), [tag for tag in first if tag in metrics or tag == monitored]))


def print_finished(folder: Path) -> None:
    """Print the test metrics of a run that is finished already."""
    console.print(f"{folder} is finished already")
    kept = read_json(folder / run_folder.METRICS)
    print_metrics(_of_test(kept), kept.get("test_split", "test"))


def print_metrics(metrics: dict[str, float], test_split: str = "test") -> None:
    """Print a row for each metric; – where it is not a number."""
    rows = [(tag, "–" if math.isnan(value) else f"{value:.4f}") for tag, value in metrics.items()]
    print_table(None, ("metric", "value"), rows)
    if test_split == "val":
        console.print(OPTIMISTIC)


def _of_test(metrics: dict[str, float]) -> dict[str, float]:
    return {tag: value for tag, value in metrics.items() if tag.startswith("test/")}


def compared_values(cfg: DictConfig) -> dict[str, str | float | bool]:
    """The values by which HPARAMS compares runs: the chosen options, the usual numbers, and every override of this run."""
    hydra = HydraConfig.get()
    skipped = ("hydra", "callbacks", "probe", "logger", "debug", "log_dir", "ckpt_path", "name")
    values = {k: v for k, v in hydra.runtime.choices.items() if v not in (None, "null") and not k.startswith(skipped)}
    for key in ("seed", "optimizer.lr", "data.batch_size", "data.image_size", "trainer.max_epochs"):
        values[key] = OmegaConf.select(cfg, key)
    for override in hydra.overrides.task:
        key = run_folder.override_key(override)
        if not key.startswith(skipped) and values.get(key) is None:
            values[key] = OmegaConf.select(cfg, key.replace("/", "."), default=None)
    return {k: v if isinstance(v, bool | int | float | str) else str(v) for k, v in values.items() if v is not None}


def logdir(folder: Path) -> Path:
    """The folder to give to TensorBoard: for a run of a sweep the sweep's; relative to the working directory if it lies below."""
    hydra = HydraConfig.get()
    folder = Path(hydra.sweep.dir).absolute() if hydra.mode.name == "MULTIRUN" else folder
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def peak_memory_mb() -> float:
    """Peak memory in MiB: of the GPU where there is one, else of this process since its start."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    try:
        import resource
    except ImportError:  # Windows
        from psutil import Process

        return Process().memory_info().peak_wset / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
