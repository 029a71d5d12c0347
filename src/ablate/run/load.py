"""A trained network again: read from its checkpoint, and tested."""

import re
from inspect import signature
from pathlib import Path
from pydoc import locate
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.pytorch import seed_everything
from omegaconf import DictConfig, OmegaConf

from ablate.console import console
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.files import write_json
from ablate.run import folder as run_folder
from ablate.run import summary
from ablate.run.build import build
from ablate.run.checkpoint import AtomicCheckpointIO, plain_overrides, read_checkpoint
from ablate.run.train import complete
from ablate.task.base import Task

MAY_BE_BUILT = ("ablate.task.", "ablate.model.")
KNOWN = {"source_vocabulary_size": "source tokens", "vocabulary_size": "tokens", "num_classes": "classes"}  # what a network knows


def overrides_of(path: str) -> list[str]:
    """The overrides of the run that wrote a checkpoint."""
    return plain_overrides(read_checkpoint(path), path)


def is_search(override: str) -> bool:
    """Whether an override says how texts are searched for, which is no part of a network."""
    return re.match(r"[+~]*model(/search|\.search\.)", override) is not None


def load_task(checkpoint: dict[str, Any], path: str, search: dict[str, Any] | None = None) -> Task:
    """The task of a checkpoint with its weights; only this project's own networks are ever built from a file.

    `search` is the user's, in the place of the checkpoint's.
    """
    config = dict(checkpoint["config"]["task"], optimizer=None, scheduler=None)
    _check_targets(config, path)
    if search is not None:
        if "search" not in config.get("model", {}):
            of = f"checkpoint {path!r} is of task={config['name']}"
            raise BadInput(f"model/search is for what writes texts, {of}: leave it out")
        config["model"] = dict(config["model"], search=search)
    try:
        task = instantiate(OmegaConf.create(config), _convert_="all", optimizer=_no_training, scheduler=_no_training)
    except InstantiationException as error:
        raise BadInput(f"checkpoint {path!r} names a network that cannot be built: {error.__cause__ or error}") from error
    if search is not None:
        _check_options(task.model.search)
    try:
        task.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise BadInput(f"checkpoint {path!r} does not fit the network its config describes") from error
    task.config, task.tokenisers = checkpoint["config"], restored_tokenisers(checkpoint)
    return task.eval()


def restored_tokenisers(checkpoint: dict[str, Any]) -> dict[str, Tokeniser]:
    """The tokenisers of a checkpoint's task."""
    return {name: Tokeniser.from_state(state) for name, state in checkpoint["tokenisers"].items()}


def to_device(task: Task, device: str) -> Task:
    """The task, on a device that the user names."""
    try:
        return task.to(device)
    except (RuntimeError, AssertionError) as error:
        raise BadInput(f"device={device}: {str(error).splitlines()[0]}") from error


def _no_training(*_: object, **__: object) -> None:
    raise NotImplementedError("a network from a checkpoint is not trained")


def evaluate(cfg: DictConfig) -> dict[str, float]:
    """Test metrics of `cfg.checkpoint` on `cfg.data`, shown and kept in metrics.json of a folder of their own."""
    checkpoint = read_checkpoint(cfg.checkpoint)
    seed_everything(cfg.seed, workers=True, verbose=False)
    search = OmegaConf.to_container(cfg.model.search, resolve=True) if _searched_anew(checkpoint) else None
    data, task = build(cfg, "datamodule"), load_task(checkpoint, cfg.checkpoint, search)
    _check_kind(checkpoint, cfg)
    data.adopt(restored_tokenisers(checkpoint))
    complete(cfg, data)
    _check_known(checkpoint, cfg)
    data.check("test")
    callbacks = [build(cfg.callbacks, name) for name in ("progress", "confusion") if name in cfg.callbacks]
    callbacks += [build(cfg, "metric")] if "metric" in cfg else []
    trainer = build(cfg, "trainer", logger=False, callbacks=callbacks, plugins=[AtomicCheckpointIO()])
    task.check(data.some("test", 1), trainer)
    result = trainer.test(task, datamodule=data, verbose=False)[0]
    metrics = {tag: float(value) for tag, value in result.items()}
    folder = Path(HydraConfig.get().runtime.output_dir)
    write_json(folder / run_folder.METRICS, metrics)
    console.print(summary.metrics_table(metrics))
    console.print(f"kept in {folder}")
    return metrics


def _searched_anew(checkpoint: dict[str, Any]) -> bool:
    """Whether this command says otherwise than the checkpoint's run how texts are searched for."""
    now, then = HydraConfig.get().overrides.task, checkpoint.get("overrides", [])
    return list(filter(is_search, now)) != list(filter(is_search, then))


def _check_kind(checkpoint: dict[str, Any], cfg: DictConfig) -> None:
    """Refuse data of another kind by what their configs speak of, before their files are read."""
    if any((key in checkpoint["config"]["data"]) != (key in cfg.data) for key in KNOWN):
        task, choice = checkpoint["config"]["task"].get("name"), HydraConfig.get().runtime.choices.data
        raise BadInput(f"data={choice} are data of another kind: checkpoint {cfg.checkpoint!r} is of task={task}")


def _check_known(checkpoint: dict[str, Any], cfg: DictConfig) -> None:
    """Refuse data of which a network knows more or less than there is."""
    trained = checkpoint["config"]["data"]
    for key, what in KNOWN.items():
        if trained.get(key) != cfg.data.get(key):
            choice = HydraConfig.get().runtime.choices.data
            then, now = (each.get(key) or "no" for each in (trained, cfg.data))
            raise BadInput(f"checkpoint {cfg.checkpoint!r} knows {then} {what}, data={choice} has {now}")


def _check_options(search: object) -> None:
    """The user's options of a search are those that it has."""
    known = set(signature(search.func).parameters)
    if wrong := sorted(set(search.keywords) - known):
        word, name = f"model.search.{wrong[0]}", search.func.__name__
        raise BadInput(f"{word} is no option of model/search={name}: leave it out (~{word}, where the checkpoint's run had it)")


def _check_targets(config: object, path: str) -> None:
    """A checkpoint names the classes it is rebuilt from; let it name nothing but networks and tasks."""
    if isinstance(config, dict):
        target = config.get("_target_")
        if target is not None and not _may_be_built(str(target), path):
            raise BadInput(f"checkpoint {path!r} is refused: it would run {target}")
        for value in config.values():
            _check_targets(value, path)


def _may_be_built(target: str, path: str) -> bool:
    """By its name, before anything is imported, then by where it was defined."""
    if not target.startswith(MAY_BE_BUILT):
        return False
    if (found := locate(target)) is None:
        raise BadInput(f"checkpoint {path!r} needs {target}, which this version does not have")
    return f"{found.__module__}.".startswith(MAY_BE_BUILT)
