"""Text from the checkpoint of a language model."""

from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ablate.console import console
from ablate.data.text.vocabulary import BEGIN, END, PAD, UNKNOWN
from ablate.errors import BadInput, check_positive
from ablate.files import write_atomically
from ablate.model.recurrent.generate import generate
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task
from ablate.task.language_modelling import LanguageModelling


def write_samples(cfg: DictConfig) -> list[str]:
    """`cfg.samples` texts that go on from `cfg.prefix`, shown and kept in samples.txt of a folder of their own."""
    checkpoint = read_checkpoint(cfg.checkpoint)
    task = load_task(checkpoint, cfg.checkpoint).to(cfg.device)
    if not isinstance(task, LanguageModelling):
        raise BadInput(f"generate.py needs a language model: checkpoint {cfg.checkpoint!r} holds a {type(task).__name__}")
    draw = {"temperature": cfg.temperature, "top_k": cfg.top_k, "top_p": cfg.top_p}
    prefix = "" if cfg.prefix is None else str(cfg.prefix)
    texts = samples(task, check_positive("samples", cfg.samples), cfg.length, cfg.seed, prefix, **draw)
    folder = Path(HydraConfig.get().runtime.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "samples.txt", "\n\n".join(texts) + "\n")
    for text in texts:
        console.print(f"{text}\n", markup=False)
    console.print(f"kept in {folder / 'samples.txt'}")
    return texts


def samples(task: LanguageModelling, count: int, length: int, seed: int, prefix: str = "", **draw: Any) -> list[str]:
    """Texts of at most `length` tokens each, the prefix in front; `draw` are the options of `restrict`."""
    tokeniser = task.tokenisers["source"]
    tokens = tokeniser.split(prefix)
    numbers = tokeniser.vocabulary.encode(tokens)
    if UNKNOWN in numbers:
        raise BadInput(f"prefix={prefix!r}: the network has never seen {tokens[numbers.index(UNKNOWN)]!r}")
    first = [BEGIN] if tokeniser.complete else [] if numbers else tokeniser.vocabulary.encode(["\n"])
    start = torch.tensor([first + numbers] * count, device=task.device)
    banned = [PAD, UNKNOWN, BEGIN] + ([] if tokeniser.complete else [END])
    end = END if tokeniser.complete else None
    drawn = generate(task.model, start, length, torch.Generator().manual_seed(seed), end, banned=banned, **draw)
    return [tokeniser.join([*([prefix] if prefix else []), *tokeniser.decode(row)]) for row in drawn.tolist()]
