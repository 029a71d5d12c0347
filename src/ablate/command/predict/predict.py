"""Predictions of a trained network for new inputs; its task decides of which kind."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ablate.command.predict.answers import write_answers
from ablate.command.predict.pictures import write_captions, write_masks
from ablate.command.predict.translations import write_translations
from ablate.errors import BadInput
from ablate.run.build import naming
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task, to_device
from ablate.task.captioning import Captioning
from ablate.task.question_answering import QuestionAnswering
from ablate.task.segmentation import Segmentation
from ablate.task.text_generation import Translation


def predict(cfg: DictConfig) -> None:
    """Masks, captions, translations or answers by `cfg.checkpoint` for `cfg.input`; what becomes a file goes to `cfg.output`."""
    search = OmegaConf.to_container(cfg.model.search, resolve=True) if "model" in cfg else None
    task = to_device(load_task(read_checkpoint(cfg.checkpoint), cfg.checkpoint, search), cfg.device)
    of = f"checkpoint {cfg.checkpoint!r} holds a {type(task).__name__}"
    given, output, question = str(cfg.input), Path(cfg.output), None if cfg.question is None else str(cfg.question)
    if question is not None and not isinstance(task, QuestionAnswering):
        raise BadInput(f"question={question!r} is for QuestionAnswering: {of}")
    with naming(cfg, "model"):
        match task:
            case Segmentation():
                write_masks(task, Path(given), output)
            case Captioning():
                write_captions(task, Path(given), output)
            case Translation():
                write_translations(task, given, output)
            case QuestionAnswering():
                write_answers(task, given, question)
            case _:
                raise BadInput(f"predict.py makes masks, captions, translations and answers: {of}")
