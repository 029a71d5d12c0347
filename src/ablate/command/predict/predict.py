"""Predictions of a trained network for new inputs, of which kind its task decides; answers to questions."""

from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf

from ablate.command.predict.pictures import find_pictures, prepared, readable, write_captions, write_masks
from ablate.command.predict.texts import show, tokenise, with_probability, write_translations
from ablate.data.batch import QuestionBatch
from ablate.data.single import question_batch
from ablate.errors import BadInput
from ablate.run.build import naming
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task, to_device
from ablate.task.captioning import Captioning
from ablate.task.question_answering import QuestionAnswering
from ablate.task.segmentation import Segmentation
from ablate.task.text_generation import Translation

SHOWN = 3  # answers


def predict(cfg: DictConfig) -> None:
    """Masks, captions, translations or answers by `cfg.checkpoint` for `cfg.input`; what becomes a file goes to `cfg.output`."""
    search = OmegaConf.to_container(cfg.model.search, resolve=True) if "model" in cfg else None
    task = to_device(load_task(read_checkpoint(cfg.checkpoint), cfg.checkpoint, search, cfg.trust), cfg.device)
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


def write_answers(task: QuestionAnswering, given: str, question: str | None) -> None:
    """Print the likeliest answers to a question on a story, or on each picture."""
    if question is None:
        raise BadInput('question=TEXT is missing: the network answers questions, such as question="is there a red ring ?"')
    tokeniser = task.tokenisers["source"]
    asked = tokenise(tokeniser, question, "question=").numbers
    if task.model.reads_stories:
        longest = task.trained_on("dataset").get("max_length")
        story = tokenise(tokeniser, given, "input=", longest, last=True).numbers
        show(answers(task, question_batch(asked, story=story)))
        return
    for path, picture in readable(find_pictures(Path(given))):
        show(f"{path.name}: {answers(task, question_batch(asked, prepared(task, picture)))}")


@torch.no_grad()
def answers(task: QuestionAnswering, batch: QuestionBatch) -> str:
    """The likeliest answers to a question, the likeliest one first."""
    batch = task.transfer_batch_to_device(batch, task.device, 0)
    probabilities = task.model(*task.inputs(batch)).logits[0].softmax(0)
    best = probabilities.topk(min(SHOWN, len(probabilities)))
    names = task.trained_on("class_names")
    if len(names) != len(probabilities):
        raise BadInput(f"the checkpoint names {len(names)} answers, its network has {len(probabilities)}")
    return ", ".join(with_probability(names[i], p) for p, i in zip(best.values.tolist(), best.indices.tolist(), strict=True))
