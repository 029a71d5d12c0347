"""Text from the checkpoint of a language model."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ablate.console import console
from ablate.errors import BadInput, check_positive
from ablate.files import write_atomically
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task, to_device
from ablate.task.language_modelling import LanguageModelling


def write_samples(cfg: DictConfig) -> list[str]:
    """`cfg.samples` texts that go on from `cfg.prefix`, shown and kept in samples.txt of a folder of their own."""
    task = to_device(load_task(read_checkpoint(cfg.checkpoint), cfg.checkpoint, trust=cfg.trust), cfg.device)
    if not isinstance(task, LanguageModelling):
        raise BadInput(f"generate.py needs a language model: checkpoint {cfg.checkpoint!r} holds a {type(task).__name__}")
    draw = {"temperature": cfg.temperature, "top_k": cfg.top_k, "top_p": cfg.top_p}
    prefix = "" if cfg.prefix is None else str(cfg.prefix)
    texts = task.sample(check_positive("samples", cfg.samples), cfg.length, cfg.seed, prefix, **draw)
    folder = Path(HydraConfig.get().runtime.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "samples.txt", "\n\n".join(texts) + "\n")
    for text in texts:
        console.print(f"{text}\n")
    console.print(f"kept in {folder / 'samples.txt'}")
    return texts
