"""Which pixels, or which words, the answer of a trained network comes from."""

import os
from pathlib import Path

import numpy as np
from omegaconf import DictConfig, OmegaConf

from ablate.command.explain.files import ARRAY, OVERLAY, endings, note
from ablate.command.explain.targets import NotThere, Target, of_picture
from ablate.command.explain.texts import write_words
from ablate.command.predict.pictures import SUFFIXES, find_pictures, make_room, readable
from ablate.command.predict.predictor import Predictor, load
from ablate.command.predict.texts import refuse_taken, show
from ablate.errors import BadInput
from ablate.explanation.methods import Method
from ablate.figure.explanation import overlay
from ablate.run.build import build
from ablate.task.base import Task
from ablate.task.captioning import Captioning
from ablate.task.glimpses import GlimpseTask
from ablate.task.question_answering import QuestionAnswering
from ablate.task.segmentation import Segmentation
from ablate.task.sequence import SequenceTask
from ablate.task.text_generation import Translation


def explain(cfg: DictConfig) -> None:
    """Write what of `cfg.input` the answer of `cfg.checkpoint` comes from, by the method `cfg.explanation`, into `cfg.output`."""
    method, name = build(cfg, "explanation"), cfg.explanation._target_.rpartition(".")[2]
    predictor = load(cfg.checkpoint, cfg.device, cfg.trust)
    task, given, target = predictor.task, str(cfg.input), None if cfg.target is None else str(cfg.target)
    if cfg.question is not None and not isinstance(task, QuestionAnswering):
        raise BadInput(f"question={cfg.question!r} is for QuestionAnswering: checkpoint {cfg.checkpoint!r} holds a {_kind(task)}")
    if isinstance(task, Segmentation | Captioning | GlimpseTask) or _answers_pictures(task):
        _write_pictures(predictor, cfg, method, name, target)
    elif isinstance(task, SequenceTask | Translation | QuestionAnswering):
        if os.path.isfile(given) and Path(given).suffix.lower() in SUFFIXES:
            raise BadInput(f"input={given!r} is a picture; checkpoint {cfg.checkpoint!r} holds a {_kind(task)}, which reads text")
        write_words(predictor, given, target, cfg.question, method, name, Path(cfg.output))
    else:
        raise BadInput(f"nothing is explained of a {_kind(task)}, which checkpoint {cfg.checkpoint!r} holds")


def _kind(task: Task) -> str:
    return type(task).__name__


def _answers_pictures(task: Task) -> bool:
    return isinstance(task, QuestionAnswering) and not task.model.reads_stories


def _write_pictures(predictor: Predictor, cfg: DictConfig, method: Method, name: str, target: str | None) -> None:
    """For each picture and target an overlay PICTURE_TARGET_METHOD.png and the attribution PICTURE_TARGET_METHOD.npy, (c, h, w)."""
    output, pictures = Path(cfg.output), find_pictures(Path(str(cfg.input)))
    make_room(output, pictures, "explanations", ())
    options, without, count = OmegaConf.create({"question": cfg.question, "resize": cfg.resize}), list[str](), 0
    for path, picture in readable(pictures):
        try:
            targets = list(of_picture(predictor, picture, path.name, target, options))
        except NotThere as error:
            without.append(str(error))
            continue
        names = [f"{path.stem}_{ending}_{name}" for ending in endings(targets)]
        refuse_taken(output, [output / f"{each}{ending}" for each in names for ending in (OVERLAY, ARRAY)])
        for file, each in zip(names, targets, strict=True):
            _write(each, method, name, output / file, path)
            count += 1
        show(f"{path.name}: {', '.join(each.name for each in targets)}")
    if not count:
        raise BadInput(without[0] if without else f"input={str(cfg.input)!r}: nothing to explain")
    for line in without:
        show(line)
    show(f"{count} overlays and arrays in {output}")


def _write(target: Target, method: Method, name: str, file: Path, source: Path) -> None:
    attribution = method(target.score, target.x)[0].float().cpu()
    np.save(file.with_name(file.name + ARRAY), attribution.numpy())
    overlay(name, target.x[0], attribution).save(file.with_name(file.name + OVERLAY))
    facts = {"input": str(source), "target": target.name, "explanation": name, "score": float(target.score(target.x)[0].detach())}
    note(file.parent, **facts, array=file.name + ARRAY, overlay=file.name + OVERLAY)
