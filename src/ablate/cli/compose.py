"""Composing a config from conf/, with one line for overrides that do not fit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.cli.suggest import choices, suggest
from ablate.errors import BadInput
from ablate.files import CONF
from ablate.run import folder as run_folder

OmegaConf.register_new_resolver("run_dir", run_folder.run_dir, replace=True)
OmegaConf.register_new_resolver("swept", run_folder.swept_name, replace=True)
OmegaConf.register_new_resolver("module_name", lambda target: target.split(".")[-2], replace=True)


def compose_config(name: str, overrides: Sequence[str] = ()) -> DictConfig:
    """conf/NAME.yaml with overrides.

    Raises:
        BadInput: an override does not fit; the message has the nearest valid name.
    """
    return _compose(name, overrides)


def compose_run(name: str, folder: Path | str, overrides: Sequence[str] = ()) -> DictConfig:
    """conf/NAME.yaml as its script gets it, for a call within this process; the run's folder is `folder`."""
    cfg = _compose(name, [*overrides, "hydra.mode=RUN"], return_hydra_config=True)
    cfg.hydra.runtime.output_dir = str(folder)
    HydraConfig.instance().set_config(cfg)
    with open_dict(cfg):
        del cfg.hydra
    return cfg


def explain_override(error: Exception, name: str, overrides: Sequence[str]) -> str:
    """One line for an override of conf/NAME.yaml that Hydra refused."""
    return suggest(error, overrides, lambda: compose_config(name, choices(overrides)))


def _compose(name: str, overrides: Sequence[str], **options: bool) -> DictConfig:
    with _hydra():
        try:
            return compose(name, list(overrides), **options)
        except HydraException as error:
            raise BadInput(explain_override(error, name, overrides)) from error


@contextmanager
def _hydra() -> Iterator[None]:
    """The Hydra of the running script, which knows its --config-dir; elsewhere one on conf/."""
    if GlobalHydra.instance().is_initialized():
        yield
    else:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            yield
