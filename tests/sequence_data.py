"""Data sets of sequences as conf/data builds them."""

from collections.abc import Callable
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

CONF = Path(__file__).resolve().parents[1] / "conf" / "data"
FOLDERS = {  # option -> its folder among the real data
    "names_folder": "names",
    "rt_polarity": "rt-polarity",
    "sst2": "sst",
    "trec": "trec",
    "ewt": "ud_english_ewt/UD_English-EWT",
    "shakespeare": "tinyshakespeare",
    "babi": "babi/tasks_1-20_v1-2",
    "flickr8k": "flickr8k",
    "multi30k": "multi30k",
}
SPLITS = ("train", "val", "test")


def config(option: str, **changes: object) -> DictConfig:
    """conf/data/OPTION.yaml with changes; `dataset__length` is dataset.length."""
    whole = OmegaConf.create({"data": OmegaConf.load(CONF / f"{option}.yaml")})
    for key, value in changes.items():
        OmegaConf.update(whole.data, key.replace("__", "."), value, merge=False, force_add=True)
    return whole.data


def dataset(option: str, **changes: object) -> Callable:
    """What is called with split=."""
    return instantiate(config(option, **changes).dataset, _convert_="all")
