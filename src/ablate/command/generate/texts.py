"""Texts of a language model."""

from pathlib import Path

from omegaconf import DictConfig

from ablate.console import console
from ablate.errors import check_positive
from ablate.files import write_atomically
from ablate.task.language_modelling import LanguageModelling

FILE = "samples.txt"


def write_samples(task: LanguageModelling, cfg: DictConfig, folder: Path) -> list[str]:
    """`cfg.samples` texts that go on from `cfg.prefix`, shown and kept in a file."""
    draw = {"temperature": cfg.temperature, "top_k": cfg.top_k, "top_p": cfg.top_p}
    prefix = "" if cfg.prefix is None else str(cfg.prefix)
    texts = task.sample(check_positive("samples", cfg.samples), cfg.length, cfg.seed, prefix, **draw)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / FILE, "\n\n".join(texts) + "\n")
    for text in texts:
        console.print(f"{text}\n")
    console.print(f"kept in {folder / FILE}")
    return texts
