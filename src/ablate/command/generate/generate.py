"""What a network makes of its own: texts of a language model, pictures of a network that draws."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ablate.command.generate.drawings import FILM, SAMPLES, STRIP, write_drawings
from ablate.command.generate.texts import FILE, write_samples
from ablate.command.predict.texts import refuse_taken
from ablate.errors import BadInput
from ablate.run.checkpoint import read_checkpoint
from ablate.run.folder import override_key
from ablate.run.load import load_task, to_device
from ablate.task.base import Task
from ablate.task.generation import Generation
from ablate.task.language_modelling import LanguageModelling

WAYS: Mapping[type[Task], tuple[Callable[..., Any], str]] = {
    LanguageModelling: (write_samples, "a language model"),
    Generation: (write_drawings, "a network that draws"),
}
FILES: Mapping[type[Task], Sequence[str]] = {LanguageModelling: (FILE,), Generation: (SAMPLES, STRIP, FILM)}
OPTIONS: Mapping[type[Task], Sequence[str]] = {  # that only one of them reads
    LanguageModelling: ("prefix", "samples", "length", "temperature", "top_k", "top_p"),
    Generation: ("count",),
}


def generate(cfg: DictConfig) -> Any:
    """Texts or pictures of `cfg.checkpoint`, which says which, kept in `cfg.output` or a folder of their own."""
    task = to_device(load_task(read_checkpoint(cfg.checkpoint), cfg.checkpoint, trust=cfg.trust), cfg.device)
    if (kind := type(task)) not in WAYS:
        known = " or ".join(name for _, name in WAYS.values())
        raise BadInput(f"generate.py needs {known}: checkpoint {cfg.checkpoint!r} holds a {kind.__name__}")
    for other, (_, name) in WAYS.items():
        for word in HydraConfig.get().overrides.task:
            if other is not kind and override_key(word) in OPTIONS[other]:
                raise BadInput(f"{word}: that is for {name}, checkpoint {cfg.checkpoint!r} holds a {kind.__name__}: leave it out")
    folder = Path(HydraConfig.get().runtime.output_dir if cfg.output is None else cfg.output)
    if cfg.output is not None:
        refuse_taken(folder, [folder / name for name in FILES[kind]])
    return WAYS[kind][0](task, cfg, folder)
