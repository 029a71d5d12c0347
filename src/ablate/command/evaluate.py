"""The test metrics of a checkpoint again, on its own data or on others."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import seed_everything
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from ablate.cli.command import value_of
from ablate.console import console
from ablate.data.datamodule import DataModule
from ablate.data.dataset import CLASS_KEYS
from ablate.errors import BadInput
from ablate.files import write_json
from ablate.run import processes
from ablate.run.build import build, naming
from ablate.run.checkpoint import check_same_task, read_checkpoint
from ablate.run.folder import METRICS, flat, override_key
from ablate.run.foreign import plain_overrides
from ablate.run.load import load_task
from ablate.run.summary import print_metrics
from ablate.run.train import check_batches, make_trainer
from ablate.schema.node import key_of


def evaluate(cfg: DictConfig) -> dict[str, float]:
    """Test metrics of `cfg.checkpoint` on `cfg.data`, shown and kept in metrics.json of a folder of their own."""
    checkpoint = read_checkpoint(cfg.checkpoint)
    seed_everything(cfg.seed, workers=True, verbose=False)
    if "evaluation_samples" in cfg.task:
        checkpoint["config"]["task"]["evaluation_samples"] = cfg.task.evaluation_samples
    task = load_task(checkpoint, cfg.checkpoint, _new_search(checkpoint, cfg), cfg.trust)
    check_same_task(checkpoint, cfg.task._target_, cfg.checkpoint)
    check_same_sizes(checkpoint, cfg)
    for key in CLASS_KEYS:  # what only the data know, the network has learned from its own
        if key in cfg.data and cfg.data[key] is None:
            cfg.data[key] = checkpoint["config"]["data"].get(key)
    data, trainer = build(cfg, "datamodule", DataModule), make_trainer(cfg, only_test=True, job=f"{__name__}.evaluate")
    data.use_tokenisers(task.tokenisers)
    data.check("test")
    with naming(cfg, "model"):
        check_batches(task, data, trainer, "test")
    with processes.ended(trainer):
        result = trainer.test(task, datamodule=data, verbose=False)[0]
    metrics = {tag: float(value) for tag, value in result.items()}
    if not trainer.is_global_zero:
        return metrics
    folder = Path(HydraConfig.get().runtime.output_dir)
    write_json(folder / METRICS, metrics)
    print_metrics(metrics, "val" if data.tests_on_val else "test")
    console.print(f"kept in {folder}")
    return metrics


def with_overrides_of_run(words: Sequence[str]) -> list[str]:
    """The overrides of data, model and task in the checkpoint's run, then the user's; a group chosen anew starts from defaults."""
    if fixed := [word for word in words if re.match(r"(model|task|experiment)\b", override_key(word)) and not _is_free(word)]:
        free = "model/search and task.evaluation_samples may be chosen"
        raise BadInput(f"{fixed[0]}: network and task are the checkpoint's own; leave the word out ({free})")
    path, given = value_of(words, "checkpoint"), {override_key(word) for word in words}
    overrides = plain_overrides(read_checkpoint(path)["overrides"], path) if path else []
    return [*(word for word in overrides if not _replaced(override_key(word), given)), *words]


def check_same_sizes(checkpoint: dict[str, Any], cfg: DictConfig) -> None:
    """Raise BadInput where data are of another kind or of other sizes than those that the network was built for."""
    trained = flat(checkpoint["config"]["model"])
    try:
        model = flat(OmegaConf.to_container(cfg.model, resolve=True))
    except InterpolationKeyError as error:
        choice = HydraConfig.get().runtime.choices.data
        raise BadInput(f"data={choice} is of another kind than the data of checkpoint {cfg.checkpoint!r}") from error
    for name, value in model.items():
        key = key_of(cfg, f"model.{name}") or ""
        if key.startswith("data.") and value is not None and value != trained.get(name):  # None: counted, in the network's tokens
            raise BadInput(f"checkpoint {cfg.checkpoint!r} is of other data: {key} was {trained.get(name)} and is {value}")


def _new_search(checkpoint: dict[str, Any], cfg: DictConfig) -> dict[str, Any] | None:
    """The config of the search for texts, if this command sets another than the checkpoint's run; else None."""
    now, then = HydraConfig.get().overrides.task, checkpoint["overrides"]
    if list(filter(_is_search, now)) == list(filter(_is_search, then)):
        return None
    return OmegaConf.to_container(cfg.model.search, resolve=True)


def _is_free(override: str) -> bool:
    """Whether an override sets what no weight of the network depends on."""
    return _is_search(override) or override_key(override) == "task.evaluation_samples"


def _is_search(override: str) -> bool:
    """Whether an override sets the search for texts."""
    return re.match(r"[+~]*model(/search|\.search\.)", override) is not None


def _replaced(key: str, given: set[str]) -> bool:
    """Whether a key is given anew, or a group that it belongs to: model/search for model.search.width."""
    parts = re.split("[./]", key)
    return key in given or any("/".join(parts[:n]) in given for n in range(1, len(parts)))
