"""Hydra's own config in another process, which has composed none."""

import copy

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import setup_globals
from omegaconf import DictConfig, OmegaConf


def sendable() -> DictConfig:
    """Hydra's config without launcher and sweeper, whose types cannot be sent to another process."""
    hydra = copy.deepcopy(HydraConfig.instance().cfg)
    OmegaConf.set_readonly(hydra.hydra, False)
    hydra.hydra.launcher = hydra.hydra.sweeper = None
    return hydra


def use(hydra: DictConfig) -> None:
    """Make Hydra's config that of this process, and `${hydra:…}` known."""
    setup_globals()
    HydraConfig.instance().set_config(hydra)
