"""bAbI: short generated stories with questions, in twenty tasks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import QuestionBatch
from ablate.data.dataset import Dataset
from ablate.data.split import Split
from ablate.data.text.dataset import clip_lengths, pad_with_lengths
from ablate.data.text.file import find_path, read_filled_lines
from ablate.data.text.labelled import class_index
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.schema.options import SOME, Range, Steps, checked

FILES = {"train": "train", "val": "valid", "test": "test"}
TOKENISER = Tokeniser("words", lower=True, marks=".?")
EXPECTED = (
    "`root` should hold en-valid/qa1_train.txt and so on, as tasks_1-20_v1-2 of https://research.facebook.com/downloads/babi "
    "does, unpacked"
)


class Story(NamedTuple):
    """A question, and the sentences before it."""

    sentences: list[list[str]]  # without the questions between them
    question: list[str]
    answer: str  # of several things: apple,milk
    support: list[int]  # the numbers of the sentences from which the answer follows
    task: int
    location: str


class Sample(NamedTuple):
    """One question as numbers."""

    story: Int[Tensor, " s"]
    question: Int[Tensor, " t"]
    target: int
    index: int


class Babi(Dataset):
    """Each sample is a question on a story; its answer is one of a list.

    Each task has 900 questions for training, 100 for val and 1,000 for the test; 17, 18 and 20 have a few others in training. The
    story of a question is all sentences before it. A story longer than `max_length` loses its beginning. Words are in small
    letters; full stops and question marks are words.

    Source: Weston et al. 2015, "Towards AI-complete question answering: a set of prerequisite toy tasks"; v1.2, en-valid.

    Args:
        tasks: their numbers; the published results are of a network for each.
        max_length: tokens that are kept of a story, the last ones; null: all.
        class_names: the answers.

    Raises:
        BadInput: a missing file, a line that is neither a sentence nor a question, an answer that is not in the list.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        root: str | None,
        tasks: Annotated[Sequence[Annotated[int, Range(1, 20)]], SOME],
        max_length: Steps | None,
        class_names: Annotated[Sequence[str], SOME],
    ) -> None:
        paths = {task: find_path(root, f"en-valid/qa{task}_{FILES[split]}.txt", EXPECTED) for task in tasks}
        self.stories = [story for task, path in paths.items() for story in read_task(path, task)]
        self.targets = [class_index(story.answer, class_names, story.location) for story in self.stories]
        self.tokenisers, self.max_length = {"source": TOKENISER}, max_length
        self.lengths = [sum(map(len, story.sentences)) for story in self.stories]
        _, self.cut = clip_lengths(self.lengths, max_length)

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        return {"source": TOKENISER.fitted(text for story in self.stories for text in (*story.sentences, story.question))}

    def __len__(self) -> int:
        return len(self.stories)

    def __getitem__(self, index: int) -> Sample:
        story = self.stories[index]
        told = [token for sentence in story.sentences for token in sentence][-self.max_length if self.max_length else None :]
        encode = self.tokenisers["source"].vocabulary.encode
        return Sample(torch.tensor(encode(told)), torch.tensor(encode(story.question)), self.targets[index], index)

    def with_references(self, batch: QuestionBatch) -> QuestionBatch:
        return batch._replace(support=[self.supporting(i) for i in batch.index.tolist()])

    def supporting(self, index: int) -> list[str]:
        """The sentences from which the answer follows."""
        return [" ".join(self.stories[index].sentences[i]) for i in self.stories[index].support]

    def collate(self, samples: list[Sample]) -> QuestionBatch:
        question, question_lengths = pad_with_lengths([sample.question for sample in samples])
        story, story_lengths = pad_with_lengths([sample.story for sample in samples])
        target, index = (torch.tensor([sample[field] for sample in samples]) for field in (2, 3))
        return QuestionBatch(question, question_lengths, target, index, None, story, story_lengths)


def read_task(path: Path, task: int) -> list[Story]:
    """The questions of a file with their stories.

    A line is `3 Mary moved.` or `5 Where is Mary? TAB bathroom TAB 3`; the number 1 begins a new story.
    """
    stories: list[Story] = []
    sentences: list[list[str]] = []
    numbers: dict[str, int] = {}
    for location, line in read_filled_lines(path):
        number, _, rest = line.partition(" ")
        text, *answer = rest.split("\t")
        if not number.isdecimal() or not text.strip() or len(answer) not in (0, 2):
            raise BadInput(f"{location}: {line[:60]!r} is neither a sentence nor a question with answer and supporting sentences")
        if number == "1":
            sentences, numbers = [], {}
        if not answer:
            numbers[number] = len(sentences)
            sentences.append(TOKENISER.split(text))
            continue
        if not sentences:
            raise BadInput(f"{location}: a question without a story")
        if unknown := [each for each in answer[1].split() if each not in numbers]:
            raise BadInput(f"{location}: the supporting sentence {unknown[0]} was not told before")
        support = [numbers[each] for each in answer[1].split()]
        stories.append(Story(list(sentences), TOKENISER.split(text), answer[0].strip(), support, task, location))
    return stories
