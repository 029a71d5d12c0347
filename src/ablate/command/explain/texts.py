"""Which words of a text, or which steps of a sequence, a network's answer comes from."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ablate.command.explain.files import ARRAY, endings, note
from ablate.command.explain.targets import NotThere, Target, of_classes, of_written
from ablate.command.predict.predictor import Predictor
from ablate.command.predict.texts import refuse_taken, show, tokenise, translate
from ablate.console import console
from ablate.data.single import pair_batch, question_batch, sequence_batch
from ablate.data.text.file import read_lines
from ablate.errors import BadInput
from ablate.explanation.methods import Method
from ablate.explanation.target import answer_from_story, label
from ablate.figure.explanation import WordsRow, scaled, words_html, words_on_console
from ablate.files import write_atomically
from ablate.task.question_answering import QuestionAnswering
from ablate.task.sequence import SequenceRegression
from ablate.task.text_generation import Translation

NUMBER = "the number"  # what a regression gives
QUESTION = 'question=TEXT is missing: the network answers questions, such as question="where is Mary ?"'


class Read(NamedTuple):
    """A text as a network reads it, and what of it is explained; `reverse` where it is read from its end."""

    tokens: Sequence[str]
    targets: list[Target]
    reverse: bool = False


def write_words(
    predictor: Predictor, given: str, target: str | None, question: str | None, method: Method, name: str, output: Path
) -> None:
    """Coloured words in METHOD.html and on the console, and TEXT_TARGET_METHOD.npy, (steps, numbers), for each text and target.

    Args:
        given: a text, a file of texts by lines, a story, or a file .npy of (steps, numbers).
        name: of the method.
    """
    output.mkdir(parents=True, exist_ok=True)
    page, joint = output / f"{name}.html", _joint(predictor)
    refuse_taken(output, [page])
    texts, rows, without = list(_texts(predictor, given)), list[WordsRow](), list[str]()
    for number, text in enumerate(texts, 1):
        try:
            read = _read(predictor, text, target, question)
        except NotThere as error:
            without.append(str(error))
            continue
        for each, ending in zip(read.targets, endings(read.targets), strict=True):
            row = _explain(each, read, method, name, output / f"{number}_{ending}_{name}{ARRAY}", text)
            console.print(words_on_console(row, joint))
            rows.append(row)
    for line in without if rows else ():
        show(line)
    if not rows:
        raise BadInput(without[0])
    write_atomically(page, words_html(rows, name, joint))
    show(f"coloured words in {page}")


def _explain(target: Target, read: Read, method: Method, name: str, file: Path, text: Any) -> WordsRow:
    refuse_taken(file.parent, [file])
    attribution = method(target.score, target.x)[0].float().cpu()
    attribution = attribution.flip(0) if read.reverse else attribution
    np.save(file, attribution.numpy())
    score, shown = float(target.score(target.x)[0].detach()), text if isinstance(text, str) else "an array"
    note(file.parent, input=shown, target=target.name, explanation=name, score=score, tokens=list(read.tokens), array=file.name)
    return WordsRow(read.tokens, target.name, scaled(name, attribution).tolist())


def _texts(predictor: Predictor, given: str) -> Iterator[Any]:
    if "source" not in predictor.task.tokenisers:
        yield _array(given)
    elif isinstance(predictor.task, QuestionAnswering) or not os.path.isfile(given):
        yield given
    else:
        yield from (line for _, line in read_lines(Path(given)) if line.strip())


def _array(given: str) -> np.ndarray:
    try:
        array = np.load(given, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadInput(f"the network reads numbers: input={given!r} must be a file .npy of an array (steps, numbers)") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or not np.issubdtype(array.dtype, np.number) or not array.size:
        raise BadInput(f"input={given!r} must hold an array (steps, numbers), as the network reads")
    return array


def _read(predictor: Predictor, text: Any, target: str | None, question: str | None) -> Read:
    task, moved = predictor.task, lambda batch: predictor.task.transfer_batch_to_device(batch, predictor.task.device, 0)
    if isinstance(task, Translation):
        source, written = translate(task, text, "")
        reverse = bool(task.trained_on("dataset").get("reverse"))
        batch = moved(pair_batch(source.numbers.flip(0) if reverse else source.numbers))
        named = of_written(task, written, (batch.source, batch.source_lengths), target, repr(text))
        return Read(source.tokens, list(named), reverse)
    if isinstance(task, QuestionAnswering):
        return _story(predictor, text, target, question)
    if isinstance(text, np.ndarray):
        tokens, numbers = [str(step + 1) for step in range(len(text))], torch.as_tensor(text, dtype=torch.float32)
    else:
        tokens, numbers = tokenise(task.tokenisers["source"], text, "", task.trained_on("dataset").get("max_length"))
    inputs = task.inputs(moved(sequence_batch(numbers)))
    if isinstance(task, SequenceRegression):
        if target is not None:
            raise BadInput(f"target={target!r} is for classes and words, this network gives one number: leave it out")
        return Read(tokens, [Target(NUMBER, *label(task.model, inputs, 0))])
    with torch.no_grad():
        name, number = of_classes(task, target, task.model(*inputs)[0])
    return Read(tokens, [Target(name, *label(task.model, inputs, number))])


def _story(predictor: Predictor, text: str, target: str | None, question: str | None) -> Read:
    task = predictor.task
    if question is None:
        raise BadInput(QUESTION)
    tokeniser, longest = task.tokenisers["source"], task.trained_on("dataset").get("max_length")
    asked, story = tokenise(tokeniser, question, "question=").numbers, tokenise(tokeniser, text, "input=", longest, last=True)
    inputs = task.inputs(task.transfer_batch_to_device(question_batch(asked, story=story.numbers), task.device, 0))
    with torch.no_grad():
        name, number = of_classes(task, target, task.model(*inputs).logits[0])
    return Read(story.tokens, [Target(name, *answer_from_story(task.model, inputs[:2], inputs[2:], number))])


def _joint(predictor: Predictor) -> str:
    tokeniser = predictor.task.tokenisers.get("source")
    return "" if tokeniser is not None and tokeniser.unit == "characters" else " "
