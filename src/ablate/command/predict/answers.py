"""Answers to questions on new pictures and stories."""

from pathlib import Path

import torch

from ablate.command.predict.pictures import as_trained, find_pictures, readable
from ablate.command.predict.words import encode, likely, say
from ablate.data.batch import QuestionBatch
from ablate.data.text.teacher_forcing import padded
from ablate.errors import BadInput
from ablate.task.question_answering import QuestionAnswering

SHOWN = 3  # answers


def write_answers(task: QuestionAnswering, given: str, question: str | None) -> None:
    """The likeliest answers to a question on a story, or on each picture."""
    if question is None:
        raise BadInput('question=TEXT is missing: the network answers questions, such as question="is there a red ring ?"')
    of_stories, tokeniser = task.model.reads_stories, task.tokenisers["source"]
    asked = encode(tokeniser, tokeniser.split(question), "question=", question)
    batch = QuestionBatch(*padded([asked]), *torch.zeros(2, 1, dtype=torch.long))
    if of_stories:
        most = task.config["data"]["dataset"]["max_length"]
        told = tokeniser.split(given)
        kept = told[-most if most else None :]
        story = padded([encode(tokeniser, kept, "input=", given)])
        if len(kept) < len(told):
            say(f"input={given[:59]!r}…: the network reads the last {len(kept)} of {len(told)} words")
        say(answers(task, batch._replace(story=story[0], story_lengths=story[1])))
        return
    for path, picture in readable(find_pictures(Path(given))):
        say(f"{path.name}: {answers(task, batch._replace(image=as_trained(task, picture)))}")


@torch.no_grad()
def answers(task: QuestionAnswering, batch: QuestionBatch) -> str:
    """Those that the network holds for the likeliest, the first one first."""
    batch = QuestionBatch(*(each if each is None else each.to(task.device) for each in batch))
    chances = task.model(*task.inputs(batch)).logits[0].softmax(0)
    best = chances.topk(min(SHOWN, len(chances)))
    names = task.config["data"]["class_names"]
    return ", ".join(likely(names[i], p) for p, i in zip(best.values.tolist(), best.indices.tolist(), strict=True))
