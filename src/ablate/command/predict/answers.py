"""Answers to questions on new pictures and stories."""

from pathlib import Path

import torch

from ablate.command.predict.pictures import find_pictures, prepared, readable
from ablate.command.predict.texts import show, tokenise, with_probability
from ablate.data.batch import QuestionBatch
from ablate.data.single import question_batch
from ablate.errors import BadInput
from ablate.task.question_answering import QuestionAnswering

SHOWN = 3  # answers


def write_answers(task: QuestionAnswering, given: str, question: str | None) -> None:
    """Print the likeliest answers to a question on a story, or on each picture."""
    if question is None:
        raise BadInput('question=TEXT is missing: the network answers questions, such as question="is there a red ring ?"')
    tokeniser = task.tokenisers["source"]
    asked = tokenise(tokeniser, question, "question=").numbers
    if task.model.reads_stories:
        longest = task.config["data"]["dataset"]["max_length"]
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
    names = task.config["data"]["class_names"]
    return ", ".join(with_probability(names[i], p) for p, i in zip(best.values.tolist(), best.indices.tolist(), strict=True))
