"""Predictions of a trained network for new inputs, of which kind its task decides."""

import os
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ablate.command.predict.pictures import SHOWN, find_pictures, readable, write_captions, write_labels_of_pictures, write_masks
from ablate.command.predict.predictor import Classified, Predictor, Tagged, load
from ablate.command.predict.texts import keep, refuse_taken, show, with_probability, write_translations
from ablate.command.predict.trees import draw_tree
from ablate.data.text.file import read_lines
from ablate.errors import BadInput
from ablate.model.segmenter.windows import Windows
from ablate.run.build import naming
from ablate.task.captioning import Captioning
from ablate.task.glimpses import GlimpseTask
from ablate.task.question_answering import QuestionAnswering
from ablate.task.recurrent import SequenceTagging
from ablate.task.segmentation import Segmentation
from ablate.task.sequence import SequenceTask
from ablate.task.text_generation import Translation
from ablate.task.tree_classification import TreeClassification

TREE = "tree.png"


def predict(cfg: DictConfig) -> None:
    """What `cfg.checkpoint` says of `cfg.input`, printed and kept in predictions.jsonl of `cfg.output`, with masks and figures."""
    search = OmegaConf.to_container(cfg.model.search, resolve=True) if "model" in cfg else None
    predictor = load(cfg.checkpoint, cfg.device, cfg.trust, search)
    of = f"checkpoint {cfg.checkpoint!r} holds a {type(predictor.task).__name__}"
    given, output, question = str(cfg.input), Path(cfg.output), None if cfg.question is None else str(cfg.question)
    if question is not None and not isinstance(predictor.task, QuestionAnswering):
        raise BadInput(f"question={question!r} is for QuestionAnswering: {of}")
    if cfg.windows is not None and not isinstance(predictor.task, Segmentation):
        raise BadInput(f"windows={list(cfg.windows)} is for Segmentation: {of}")
    windows = None if cfg.windows is None else Windows(list(cfg.windows))
    with naming(cfg, "model"):
        match task := predictor.task:
            case Segmentation():
                write_masks(task, Path(given), output, cfg.resize, windows)
            case Captioning():
                write_captions(predictor, Path(given), output)
            case Translation():
                write_translations(task, given, output)
            case QuestionAnswering():
                write_answers(predictor, given, question, output)
            case GlimpseTask():
                write_labels_of_pictures(predictor, Path(given), output)
            case TreeClassification():
                write_trees(predictor, given, output)
            case SequenceTask() | SequenceTagging():
                write_labels(predictor, given, output)
            case _:
                raise BadInput(f"scripts/generate.py shows what a network makes of its own, scripts/evaluate.py tests any; {of}")


def write_answers(predictor: Predictor, given: str, question: str | None, output: Path) -> None:
    """The likeliest answers to a question on a story, or on each picture."""
    if predictor.task.model.reads_stories or question is None:
        _write_classes(predictor.predict(given, question), "", given, output, question=question)
        return
    for path, picture in readable(find_pictures(Path(given))):
        _write_classes(predictor.predict(picture, question), f"{path.name}: ", str(path), output, question=question)


def write_labels(predictor: Predictor, given: str, output: Path) -> None:
    """The class, the number, or the class of each token, of a text, or of each line of a file."""
    for text in (lines := _texts(given)):
        shown = "" if len(lines) == 1 else f"{text}: "
        match predictor.predict(text):
            case Classified() as found:
                _write_classes(found, shown, text, output)
            case Tagged() as found:
                show(" ".join(f"{token}/{label}" for token, label in zip(found.tokens, found.labels, strict=True)))
                keep(output, input=text, **found._asdict())
            case number:
                show(f"{shown}{number:.4g}")
                keep(output, input=text, number=number)


def write_trees(predictor: Predictor, given: str, output: Path) -> None:
    """The class of a tree, or of each line of a file; of one tree draw tree.png with the class of each node, too."""
    if len(lines := _texts(given)) == 1 and not os.path.isfile(given):
        refuse_taken(output, [output / TREE])
    for text in lines:
        _write_classes(predictor.predict(text), "" if len(lines) == 1 else f"{text}: ", text, output)
    if len(lines) == 1 and not os.path.isfile(given):
        draw_tree(predictor.task, given, output / TREE)
        show(f"the class of each node: {output / TREE}")


def _texts(given: str) -> list[str]:
    """The lines of a file that have something in them, or the text itself."""
    return [line for _, line in read_lines(Path(given)) if line.strip()] if os.path.isfile(given) else [given]


def _write_classes(found: Classified, before: str, given: str, output: Path, **facts: object) -> None:
    show(before + ", ".join(with_probability(*each) for each in [*found.probabilities.items()][:SHOWN]))
    keep(output, input=given, **facts, **found._asdict())
