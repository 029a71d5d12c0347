"""One run from its composed config: build, check, fit, test, keep."""

import logging
import math
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.exceptions import SIGTERMException
from omegaconf import DictConfig, OmegaConf

from ablate.callback.compile import Compile, without_compile
from ablate.callback.measure import Measure
from ablate.callback.monitor import History
from ablate.console import READER_GONE, console
from ablate.data.batch import Batch, SegmentationBatch
from ablate.data.datamodule import DataModule
from ablate.data.dataset import CHOSEN_KEYS, INFERRED_KEYS
from ablate.errors import BadInput, did_you_mean
from ablate.run import folder as run_folder
from ablate.run import processes, rank, summary
from ablate.run.build import build, naming
from ablate.run.checkpoint import (
    AtomicCheckpointIO,
    check_continues,
    check_same_model,
    check_same_tokenisers,
    read_checkpoint,
)
from ablate.run.load import start_from_weights
from ablate.run.logger import Continuing
from ablate.task.base import SPLITS, Task

NOISE = ("does not have many workers", "Checkpoint directory", "Experiment logs directory", "number of training batches",
         "sync_dist=True", # metrics have counted over all processes before they are logged
         "LeafSpec", "val_dataloader", "no logger configured")  # fmt: skip
UNMONITORED = "could not find the monitored key"  # where nothing is validated: said at the end
TESTING = ("progress", "confusion")  # callbacks that test a checkpoint


def train(cfg: DictConfig) -> float | None:
    """Train, test the best checkpoint, keep everything in the run's folder.

    Returns:
        The best value of the metric that checkpoints are chosen by, for Hydra sweepers that optimise.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)
    if processes.is_restarted(folder):
        cfg.ckpt_path = "last"
    if not rank.is_first():
        return _train(cfg, folder) if processes.wait_until_taken(folder) else None
    with run_folder.taken(folder):
        if not run_folder.start(folder, cfg, HydraConfig.get().overrides.task, resume=cfg.ckpt_path == "last"):
            summary.print_finished(folder)
            return None
        return _train(cfg, folder)


def _train(cfg: DictConfig, folder: Path) -> float:
    start = time.perf_counter() - run_folder.read_state(folder).get("seconds_before", 0.0)  # of the first process
    seed_everything(cfg.seed, workers=True, verbose=False)
    data, task, trainer = make(cfg)
    with processes.ended(trainer):
        metrics, facts = _checked_and_fitted(cfg, folder, data, task, trainer)
    if trainer.is_global_zero:
        seconds = time.perf_counter() - start
        facts |= {"seconds": seconds, "peak_memory_mb": summary.peak_memory_mb(), "score": _score(trainer)}
        if task.predicted_classes is not None:
            facts |= {"predicted_classes": task.predicted_classes, "majority": task.majority}
        test_split = "val" if data.tests_on_val else "test"
        run_folder.finish(folder, metrics, test_split, **facts)
        summary.print_end(folder, cfg, trainer, metrics, test_split, seconds)
    best = _score(trainer)["best"]
    return math.nan if best is None else best


def _checked_and_fitted(
    cfg: DictConfig, folder: Path, data: DataModule, task: Task, trainer: Trainer
) -> tuple[dict[str, float], dict[str, object]]:
    """The metrics of a run, and what its start tells of it, once all that can be wrong beforehand is found to be right."""
    checkpoint = _find_checkpoint(cfg.ckpt_path, folder, task, trainer)
    with naming(cfg, "task", "task.model", "datamodule", "datamodule.dataset"):
        if checkpoint is None:
            start_from_weights(task)
        data.check("train", "val", "test")
        data.check_shares(trainer.world_size)
        _check_limits(data, trainer)
        sample = check_batches(task, data, trainer, *SPLITS)
        if data.smallest_batch(trainer.world_size) == 1:
            task.check_single_sample(data.smallest_picture("train") or sample, data.batch_size)
    try:
        facts = summary.print_start(folder, data, sample, task, trainer)
        if trainer.is_global_zero:
            run_folder.write_splits(folder, {split: dataset.drawn for split, dataset in data.datasets.items()})
        return _fit_and_test(trainer, task, data, checkpoint), facts
    except (SIGTERMException, SystemExit) as stop:
        run_folder.interrupt(folder)
        sys.exit(143 if isinstance(stop, SIGTERMException) else READER_GONE if stop.code == READER_GONE else 130)


def check_batches(task: Task, data: DataModule, trainer: Trainer, *splits: str) -> Batch:
    """`task.check` for the first sample of the first split, and for the smallest pictures of all; returns that first sample.

    Pictures of a training are as large as what its augmentation cuts out of them.
    """
    task.check(sample := data.example_batch(splits[0], 1), trainer)
    seen = {sample.image.shape} if isinstance(sample, SegmentationBatch) else set()
    for split in splits:
        batch, dataset = data.smallest_picture(split), data.datasets[split]
        if batch is None or batch.image.shape in seen:
            continue
        try:
            task.check(batch, trainer)
        except BadInput as error:
            crop = data.augmentation.crop if split == "train" and data.augmentation else None
            what = dataset.name(dataset.smallest) if crop is None else f"`augmentation.crop`={list(crop)}"
            raise type(error)(f"{what}: {error.args[0]}") from None
        seen.add(batch.image.shape)
    return sample


def make(cfg: DictConfig) -> tuple[DataModule, Task, Trainer]:
    """Data, task and trainer of a run, the task with what checkpoints keep beside its weights."""
    data = build(cfg, "datamodule", DataModule)
    for key, value in data.inferred_config().items():  # what the config leaves to the data (null), such as the size of a vocabulary
        if (given := cfg.data[key]) is None:
            cfg.data[key] = value
        elif key not in CHOSEN_KEYS and (
            given < value if key in INFERRED_KEYS else given != value
        ):  # rows for tokens that never occur do no harm
            raise BadInput(
                f"data.{key}={given}, but the data have {value}{' tokens' * (key in INFERRED_KEYS)}: leave data.{key} out"
            )
    task, trainer = build(cfg, "task", Task), make_trainer(cfg)
    check_monitored(cfg, task)
    task.config, task.tokenisers = OmegaConf.to_container(cfg, resolve=True), data.tokenisers
    task.overrides = run_folder.run_overrides(HydraConfig.get().overrides.task)
    for key, value in run_folder.flat(task.config).items():
        if "${" in str(value):
            raise BadInput(f"{key}={value!r}: no checkpoint may hold a text with ${{, which could run code; give it another name")
    return data, task, trainer


def make_trainer(cfg: DictConfig, only_test: bool = False, job: str = f"{__name__}.train") -> Trainer:
    """The Lightning trainer with the config's logger or loggers, callbacks, probes and atomic checkpoints.

    Args:
        only_test: without the logger and the callbacks that are of a training.
        job: dotted name of what other processes (trainer.devices=2) call with the config.
    """
    silence()
    names = [name for name in cfg.callbacks if name in TESTING or not only_test]
    parts = [*(f"callbacks.{name}" for name in names), *(f"probe.{name}" for name in cfg.probe)]
    callbacks = [build(cfg, part, Callback) for part in parts]
    plain, compiles = without_compile(cfg)  # other processes get the whole config, and compile as this one does
    if compiles and not only_test:
        callbacks.append(Compile())
    logged = {} if only_test else cfg.get("logger") or {}
    loggers = [build(cfg, part, Logger) for part in (["logger"] if "_target_" in logged else [f"logger.{name}" for name in logged])]
    trainer = build(
        plain, "trainer", Trainer, logger=loggers, callbacks=callbacks, plugins=[AtomicCheckpointIO(), processes.environment()]
    )
    processes.check_sizes(trainer)
    processes.set_up(trainer, job, cfg)
    return trainer


def silence() -> None:
    """Hide warnings of libraries that do not help a user: each is decided on purpose here, or said elsewhere.

    Lightning's messages below warnings are hidden, too, but for those of a profiler (trainer.profiler=simple).
    """
    for message in (*NOISE, UNMONITORED):
        warnings.filterwarnings("ignore", f".*{message}.*")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("lightning.pytorch.profilers").setLevel(logging.INFO)


def assume_vocabularies(cfg: DictConfig) -> None:
    """Give each vocabulary whose size only the data know a size of 8, and two classes where only they know the classes.

    For what is asked of a config without its data.
    """
    for key in INFERRED_KEYS:
        if cfg.data.get(key, 0) is None and cfg.data.input_size is None:
            cfg.data[key] = 8
    if cfg.data.num_classes is None:
        cfg.data.num_classes, cfg.data.class_names = 2, ["0", "1"]
    if cfg.data.get("max_labels", 0) is None:
        cfg.data.max_labels = 1
    if cfg.data.get("palette", 0) is None:
        cfg.data.palette = [[0, 0, 0], [255, 255, 255]]


def metric_tags(cfg: DictConfig) -> list[str]:
    """Names of the metrics that a run of this config ends with; the data are not needed for that."""
    assume_vocabularies(cfg)
    task = build(cfg, "task", Task)
    check_monitored(cfg, task)
    measures = [probe for probe in build(cfg, "probe").values() if isinstance(probe, Measure)]
    tags = [*(task.metric_tags(split) for split in SPLITS), *(measure.metric_tags() for measure in measures)]
    return [tag for each in tags for tag in each]


def check_monitored(cfg: DictConfig, task: Task) -> None:
    """Raise BadInput for a metric that a callback or a probe watches, and that is none of the task's."""
    known = [tag for split in ("train", "val") for tag in task.metric_tags(split)]
    for part, node in [(f"{group}.{name}", node) for group in ("callbacks", "probe") for name, node in cfg[group].items()]:
        for option in ("monitor", "metric"):
            if (tag := (node or {}).get(option)) is not None and tag not in known:
                raise BadInput(f"{part}.{option}={tag!r} is no metric of this task{did_you_mean(tag, known)}")


def _find_checkpoint(ckpt_path: str | None, folder: Path, task: Task, trainer: Trainer) -> str | None:
    """The checkpoint to continue from, once it fits the task; None for a run that begins anew."""
    if ckpt_path is None:
        return None
    if ckpt_path == "last" and not (folder / run_folder.LAST).exists():  # stopped within its first epoch
        _continue_logs(trainer, -1)
        return None
    path = folder / run_folder.LAST if ckpt_path == "last" else Path(ckpt_path)
    checkpoint = read_checkpoint(path)
    check_same_model(checkpoint, task.config, path)
    check_same_tokenisers(checkpoint, task.tokenisers, path)
    check_continues(checkpoint, trainer, path)
    if ckpt_path != "last":
        _check_more_to_train(checkpoint, trainer, path)
    _continue_logs(trainer, checkpoint["global_step"])
    return str(path)


def _continue_logs(trainer: Trainer, step: int) -> None:
    for logger in trainer.loggers:
        if isinstance(logger, Continuing):
            logger.continue_from(step)


def _check_more_to_train(checkpoint: dict[str, Any], trainer: Trainer, path: Path) -> None:
    """Raise BadInput where a checkpoint has had as many epochs or steps as this run is to have."""
    counts = {"epochs": (checkpoint["epoch"] + 1, trainer.max_epochs), "steps": (checkpoint["global_step"], trainer.max_steps)}
    for name, (done, most) in counts.items():
        if most is not None and 0 < most <= done:
            raise BadInput(f"trainer.max_{name}={most} leaves nothing to train: checkpoint {str(path)!r} has had {done} {name}")


def _check_limits(data: DataModule, trainer: Trainer) -> None:
    """Raise BadInput where a share of the batches of a split is less than one of them."""
    loaders = {"train": data.train_dataloader(), "val": data.val_dataloader(), "test": data.test_dataloader()}
    for split, loader in loaders.items():
        limit, batches = getattr(trainer, f"limit_{split}_batches"), len(loader)
        if isinstance(limit, float) and limit > 0 and int(limit * batches) == 0:
            raise BadInput(f"trainer.limit_{split}_batches={limit} of {batches} batches is none: give a number of batches, or more")
    often, batches = trainer.val_check_interval, len(loaders["train"])
    if trainer.check_val_every_n_epoch is not None and isinstance(often, int) and not isinstance(often, bool) and often > batches:
        raise BadInput(f"trainer.val_check_interval={often} must be at most {batches}, the batches of an epoch")


def _fit_and_test(trainer: Trainer, task: Task, data: DataModule, checkpoint: str | None) -> dict[str, float]:
    """Validation metrics of the last epoch and test metrics of the best checkpoint."""
    trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    # From the history where the fit was over before: a run that was stopped in its test.
    curves = next((c.curves for c in trainer.callbacks if isinstance(c, History)), {})
    validation = {tag: float(value) for tag, value in trainer.callback_metrics.items()}
    validation = {tag: curve[-1][1] for tag, curve in curves.items()} | validation
    best = trainer.checkpoint_callbacks[0].best_model_path
    if not best and trainer.is_global_zero:
        console.print("nothing was validated: there is no best.ckpt, and last.ckpt is what is tested")
    path = str(Path(best).absolute()) if best else None  # Lightning takes other words for names in a registry
    tested = trainer.test(task, datamodule=data, ckpt_path=path, verbose=False, weights_only=True)[0]
    return validation | {tag: float(value) for tag, value in tested.items()}


def _score(trainer: Trainer) -> dict[str, Any]:
    """What checkpoints are chosen by: the metric, its mode and its best value, None where nothing was validated."""
    chooser = trainer.checkpoint_callbacks[0]
    best = chooser.best_model_score
    return {"metric": chooser.monitor, "mode": chooser.mode, "best": None if best is None else float(best)}
