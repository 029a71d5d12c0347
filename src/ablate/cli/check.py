"""Checks of a composed config: numbers that would otherwise fail deep in a library, after torch is imported."""

from math import inf, isfinite
from numbers import Real

from omegaconf import DictConfig, ListConfig, OmegaConf

from ablate.errors import BadInput, check_whole, did_you_mean

LEAST = {  # key -> the least whole number that works
    "seed": 0,
    "trainer.max_epochs": 1,
    "trainer.log_every_n_steps": 1,
    "trainer.check_val_every_n_epoch": 1,
    "trainer.num_nodes": 1,
}
RANGES = {  # key -> the least and the greatest number that work
    "optimizer.weight_decay": (0, inf),
    "optimizer.momentum": (0, 1),
    "scheduler.warmup": (0, 1),
    "scheduler.power": (0, inf),
}
TEXTS = ("name", "log_dir", "data.root", "data.class_names")
DETERMINISTIC = (True, False, "warn")


def text_stays_text(cfg: DictConfig) -> None:
    """Make text of what is text and looks like a number: data.root=2012 of a sweep, class_names: [0, 1] of a file."""
    for key in TEXTS:
        value = OmegaConf.select(cfg, key)
        if isinstance(value, ListConfig):
            OmegaConf.update(cfg, key, [str(each) if _is_number(each) else each for each in value])
        elif _is_number(value):
            OmegaConf.update(cfg, key, str(value))


def check_settings(cfg: DictConfig) -> None:
    """Raise BadInput for the first number that cannot work; a key that the config lacks, or that is null, is not checked."""
    for key, least in LEAST.items():
        if (value := OmegaConf.select(cfg, key)) is not None:
            check_whole(key, value, least)
    _check_length(cfg)
    if OmegaConf.select(cfg, "seed", default=0) >= 2**32:
        raise BadInput(f"seed={cfg.seed} must be below 2**32")
    lr = OmegaConf.select(cfg, "optimizer.lr")
    if lr is not None and not (_is_number(lr) and lr > 0):
        raise BadInput(f"optimizer.lr={lr} must be a number above 0")
    for key, (least, most) in RANGES.items():
        value = OmegaConf.select(cfg, key)
        if value is not None and not (_is_number(value) and least <= value <= most):
            bounds = f"between {least} and {most}" if isfinite(most) else f"of at least {least}"
            raise BadInput(f"{key}={value} must be a number {bounds}")
    deterministic = OmegaConf.select(cfg, "trainer.deterministic", default=False)
    if deterministic not in DETERMINISTIC:
        raise BadInput(f"trainer.deterministic={deterministic}{did_you_mean(deterministic, ('true', 'false', 'warn'))}")


def _check_length(cfg: DictConfig) -> None:
    """Raise BadInput where nothing would be trained or tested, or no end is set, or there is no process that trains."""
    trainer = cfg.get("trainer") or {}
    steps, devices = trainer.get("max_steps", -1), trainer.get("devices", 1)
    if steps != -1:
        check_whole("trainer.max_steps", steps, 1)  # -1: as many as there are
    if steps == -1 and trainer.get("max_epochs", 1) is None:
        raise BadInput("trainer.max_epochs=null would not end: give a number, or trainer.max_steps=N")
    for split in ("train", "test"):
        if trainer.get(f"limit_{split}_batches", 1) == 0:
            raise BadInput(f"trainer.limit_{split}_batches=0 leaves nothing to {split}: at least 1 batch, or a share above 0")
    if isinstance(devices, int) and devices != -1:  # -1: all
        check_whole("trainer.devices", devices, 1)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
