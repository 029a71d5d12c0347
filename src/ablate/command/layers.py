"""The table of a segmenter's layers, as papers print it, without data or weights."""

from hydra.utils import get_class
from omegaconf import DictConfig, ListConfig

from ablate.analysis.layers import layers
from ablate.console import print_table
from ablate.errors import BadInput
from ablate.model.segmenter.base import Segmenter
from ablate.run.build import build
from ablate.run.train import assume_vocabularies

HEADINGS = ("layer", "what", "kernel", "stride", "output", "parameters", "mult-adds", "field")


def print_layers(cfg: DictConfig) -> None:
    """Print the layers of `cfg.model` for a picture of `cfg.size`.

    Raises:
        BadInput: a model that is no segmenter.
    """
    if not issubclass(kind := get_class(cfg.model._target_), Segmenter):
        raise BadInput(f"layers.py shows segmenters, as model=fcn8s; this model is a {kind.__name__}")
    assume_vocabularies(cfg)
    model = build(cfg, "model", Segmenter)
    height, width = cfg.size if isinstance(cfg.size, ListConfig) else (cfg.size, cfg.size)
    found = layers(model, (height, width))
    rows = [
        (
            each.name,
            each.kind,
            f"{each.kernel}×{each.kernel}",
            str(each.stride),
            "×".join(map(str, each.size)),
            f"{each.parameters:,}",
            f"{each.multiply_adds:,}",
            str(each.geometry.field),
        )
        for each in found
    ]
    sums = f"{sum(p.numel() for p in model.parameters()):,}", f"{sum(each.multiply_adds for each in found):,}"
    print_table(f"a picture of {height}×{width}", HEADINGS, [*rows, ("all", "", "", "", "", *sums, "")], bold=len(rows))
