"""Data sets of sequences as conf/data builds them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from commands import compose
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ablate.data.datamodule import DataModule
from ablate.data.dataset import Dataset
from ablate.data.text.tokeniser import Tokeniser
from ablate.schema.node import check_parts

CONF = Path(__file__).resolve().parents[1] / "conf" / "data"
FOLDERS = {  # option -> its folder among the real data
    "names_folder": "names",
    "rt_polarity": "rt-polarity",
    "sst2": "sst",
    "trec": "trec",
    "ewt": "ud_english_ewt/UD_English-EWT",
    "text": "tinyshakespeare/input.txt",
    "babi": "babi/tasks_1-20_v1-2",
    "flickr8k": "flickr8k",
    "multi30k": "multi30k",
}
SPLITS = ("train", "val", "test")


def config(option: str, **changes: object) -> DictConfig:
    """The data of conf/data/OPTION.yaml with changes; `dataset__length` is dataset.length."""
    return _whole(option, changes).data


def dataset(option: str, **changes: object) -> Callable:
    """What is called with split=; options are checked first, as where a command starts."""
    check_parts(whole := _whole(option, changes), "data.dataset")
    return instantiate(whole.data.dataset, _convert_="all")


def opened(make: Callable, split: str = "train", tokenisers: dict[str, Tokeniser] | None = None) -> Dataset:
    """A split as the data module opens it: with `tokenisers`, or those that are fitted on the training split."""
    module = DataModule(make, 1, 0, None, {"train": "train", split: split}, False, 0)
    module.use_tokenisers(tokenisers or {})
    return module.datasets[split]


def opened_option(option: str, split: str = "train", **changes: object) -> Dataset:
    """A split of conf/data/OPTION.yaml with changes."""
    return opened(dataset(option, **changes), split)


def _whole(option: str, changes: Mapping[str, object]) -> DictConfig:
    whole = compose(f"data={option}")
    for key, value in changes.items():
        OmegaConf.update(whole.data, key.replace("__", "."), value, merge=False, force_add=True)
    return whole


def write_stories(folder: Path, text: str) -> str:
    """The first kind of bAbI's stories, every split of the same text; the folder of the data."""
    (folder / "en-valid").mkdir(parents=True, exist_ok=True)
    for name in ("train", "valid", "test"):
        (folder / f"en-valid/qa1_{name}.txt").write_text(text)
    return str(folder)


def with_tokeniser(**options: object) -> dict[str, object]:
    """The options of a data set of text, those of its tokeniser among them put into one."""
    own = {name: options.pop(name) for name in ("unit", "lower", "punctuation", "min_count", "max_vocabulary") if name in options}
    return {"tokeniser": Tokeniser(**own), **options}
