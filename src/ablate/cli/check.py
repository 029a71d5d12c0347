"""Checks of a composed config: numbers that would otherwise fail deep in a library, after torch is imported."""

from math import inf, isfinite
from numbers import Real

from omegaconf import DictConfig, OmegaConf

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
DETERMINISTIC = (True, False, "warn")


def check_settings(cfg: DictConfig) -> None:
    """Raise BadInput for the first number that cannot work; a key that the config lacks, or that is null, is not checked."""
    for key, least in LEAST.items():
        if (value := OmegaConf.select(cfg, key)) is not None:
            check_whole(key, value, least)
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


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
