"""What a run says before and after, on the console and in TensorBoard."""

import json
import math
import resource
from pathlib import Path

import torch
from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Trainer
from omegaconf import DictConfig, OmegaConf
from rich.table import Table

from ablate.analysis.cost import cost
from ablate.console import console
from ablate.data.datamodule import DataModule
from ablate.run import folder as run_folder
from ablate.task.base import Task


def before(folder: Path, data: DataModule, sample: tuple, task: Task, trainer: Trainer) -> dict[str, object]:
    """Show what is about to be trained on what, `sample` a batch of it, and return the facts that belong into the run's state."""
    if not trainer.is_global_zero:
        return {}
    costs = cost(task.model, *task.inputs(sample))
    sizes = ", ".join(f"{len(data.datasets[split]):,} {split}" for split in data.splits)
    device = torch.cuda.get_device_name() if trainer.strategy.root_device.type == "cuda" else "cpu"
    table = Table(title=f"{folder}", title_justify="left", title_style="bold")
    for heading in ("part", "parameters", "multiply-adds"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    for part, own in costs.parts.items():
        table.add_row(part, f"{own.parameters:,}", f"{own.multiply_adds:,}")
    table.add_row("all", f"{costs.parameters:,}", f"{costs.multiply_adds:,}", style="bold")
    console.print(table)
    console.print(f"{sample.describe()}: {sizes}; {trainer.precision} on {device}")
    for split, dataset in data.datasets.items():
        if dataset.cut:
            console.print(
                f"{dataset.cut:,} of {len(dataset):,} sequences of the {split} split are cut to {task.config['data']['max_length']} steps"
            )
    console.print()
    config = OmegaConf.to_yaml(OmegaConf.create(task.config))
    for logger in trainer.loggers:
        logger.experiment.add_text("config", "```yaml\n" + config + "\n```", 0)
    return {"device": device, "parameters": costs.parameters, "multiply_adds": costs.multiply_adds}


def after(folder: Path, cfg: DictConfig, trainer: Trainer, metrics: dict[str, float], seconds: float) -> None:
    """Write the row of HPARAMS, and show the test metrics and what to type to look at the run."""
    tested = {tag: value for tag, value in metrics.items() if tag.startswith("test/")}
    for logger in trainer.loggers:
        logger.log_session(swept_values(cfg), tested)
    console.print(metrics_table(tested))
    console.print(f"{seconds:.0f} s; the run is in {folder}")
    if trainer.loggers:
        console.print(f"look at it: tensorboard --logdir {logdir(folder)}")


def already_finished(folder: Path) -> None:
    """Show an earlier end again, when a finished run is asked to continue."""
    metrics = json.loads((folder / run_folder.METRICS).read_text())
    console.print(f"{folder} is finished already")
    console.print(metrics_table({tag: value for tag, value in metrics.items() if tag.startswith("test/")}))


def metrics_table(metrics: dict[str, float]) -> Table:
    """A row a metric; – where it does not exist."""
    table = Table()
    table.add_column("metric")
    table.add_column("value", justify="right")
    for tag, value in metrics.items():
        table.add_row(tag, "–" if math.isnan(value) else f"{value:.4f}")
    return table


def swept_values(cfg: DictConfig) -> dict[str, str | float | bool]:
    """What HPARAMS compares runs by: the chosen options, the usual numbers, and every override of this run."""
    hydra = HydraConfig.get()
    skipped = ("hydra", "callbacks", "logger", "debug", "log_dir", "ckpt_path", "name")
    values = {k: v for k, v in hydra.runtime.choices.items() if v not in (None, "null") and not k.startswith(skipped)}
    for key in ("seed", "optimizer.lr", "data.batch_size", "data.image_size", "trainer.max_epochs"):
        values[key] = OmegaConf.select(cfg, key)
    for override in hydra.overrides.task:
        key = override.lstrip("+~").split("=")[0]
        if not key.startswith(skipped):
            values[key] = values.get(key) or OmegaConf.select(cfg, key.replace("/", "."), default=None)
    return {k: v if isinstance(v, bool | int | float | str) else str(v) for k, v in values.items() if v is not None}


def logdir(folder: Path) -> Path:
    """The folder to give to TensorBoard: the whole sweep for a run of one, relative where that is shorter."""
    hydra = HydraConfig.get()
    folder = Path(hydra.sweep.dir).absolute() if hydra.mode.name == "MULTIRUN" else folder
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def peak_memory_mb() -> float:
    """Most memory held at once, in MiB: of the GPU where there is one, else of this process since its start."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
