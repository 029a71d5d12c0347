"""Questions on generated scenes."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import QuestionBatch
from ablate.data.dataset import Dataset
from ablate.data.random import Draw, draw, records, stream
from ablate.data.scene.language import words
from ablate.data.scene.question_kinds import ANSWERS, KINDS, Question
from ablate.data.scene.scenes import SPLITS, SceneBatch, Scenes
from ablate.data.scene.view import look
from ablate.data.text.teacher_forcing import padded
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import SPECIAL, Vocabulary
from ablate.errors import BadInput, check_choice

WORDS = tuple(dict.fromkeys("is there how many are what colour ?".split() + words()))
NEEDS = {"existence": 1, "count": 3, "colour": 1, "relation": 2}  # kind -> objects that a picture must be able to have
QUESTION, FIRST_PICTURE, TRIES = 0x8000, 0x8001, 1000  # uses of a sample's streams


class Sample(NamedTuple):
    """A picture, not yet rendered, and what is asked of it."""

    draw: Draw
    question: str
    answer: str


class QuestionedScenes(NamedTuple):
    """A batch of them."""

    scenes: SceneBatch
    question: Int[Tensor, "b t"]
    question_lengths: Int[Tensor, " b"]
    target: Int[Tensor, " b"]


class SceneQuestions(Dataset):
    """`Scenes`, each with one question of a kind out of four, all as likely, and its answer:

        existence   is there a red ring ?             yes, no           right by guessing: 1/2
        count       how many red objects are there ?  zero … three                         1/4
        colour      what colour is the ring ?         the eight colours                    1/8
        relation    is the ring left of the square ?  yes, no                              1/2

    The question alone does not give the answer: both are drawn first, each answer as likely whatever is asked, then pictures until
    one fits in which the answer is beyond doubt (`scene_truth`); what its objects are is changed to fit, where they are is not.
    Everything depends on (seed, split, i) alone.

    Args: those of `Scenes`, and
        kinds: which of the four.
        class_names: the answers, `ANSWERS` in their order.
    """

    def __init__(
        self,
        split: str,
        *,
        sizes: dict[str, int],
        image_size: int | Sequence[int],
        objects: Sequence[int],
        shapes: Sequence[str],
        noise: float,
        seed: int,
        kinds: Sequence[str],
        class_names: Sequence[str],
    ) -> None:
        names = ["background", *shapes]
        self.scenes = Scenes(split, sizes=sizes, image_size=image_size, objects=objects, class_names=names, noise=noise, seed=seed)
        self.kinds = _check_kinds(kinds, objects, shapes)
        if tuple(class_names) != ANSWERS:
            raise BadInput(f"`class_names` must be [{', '.join(ANSWERS)}]")
        self.split, self.tokenisers = split, {"source": Tokeniser(vocabulary=Vocabulary([*SPECIAL, *WORDS]))}
        self.drawn: dict[int, Sample] = {}

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        if index not in self.drawn:
            self.drawn[index] = self._draw(index)
        return self.drawn[index]

    def facts(self) -> dict[str, int]:
        return {"vocabulary_size": len(self.tokenisers["source"])}

    def references(self, index: int) -> list[str]:
        """The answer."""
        return [self[index].answer]

    def collate(self, samples: list[Sample]) -> QuestionedScenes:
        """Parameters on the CPU, no pixels."""
        scenes = self.scenes.collate([sample.draw for sample in samples])
        asked = [torch.tensor(self.tokenisers["source"].encode(sample.question)) for sample in samples]
        return QuestionedScenes(scenes, *padded(asked), torch.tensor([ANSWERS.index(s.answer) for s in samples]))

    def finish(self, batch: QuestionedScenes) -> QuestionBatch:
        """Render, on the device of the batch."""
        rendered = self.scenes.finish(batch.scenes)
        return QuestionBatch(batch.question, batch.question_lengths, batch.target, rendered.index, rendered.image)

    def _draw(self, index: int) -> Sample:
        place = (self.scenes.seed, SPLITS.index(self.split), index)
        random = stream(*place, QUESTION)
        question = KINDS[self.kinds[int(random.random() * len(self.kinds))]](random, self.scenes.shapes)
        for attempt in range(TRIES):
            picture = self._fit(draw(*place, self.scenes.counts[1], FIRST_PICTURE + attempt), question)
            if question.holds(look(self.scenes.collate([picture]).scene, self.scenes.size)[0]):
                return Sample(picture, question.text, question.answer)
        raise BadInput(f"of {TRIES} pictures none answers {question.text!r} with {question.answer}: set more `objects`")

    def _fit(self, picture: Draw, question: Question) -> Draw:
        numbers = picture.numbers.copy()
        head, objects = records(numbers)
        least, most = self.scenes.counts
        if count := least + int(head["count"][0] * (most - least + 1)):
            question.fit(objects[:count])
        return picture._replace(numbers=numbers)


def _check_kinds(kinds: Sequence[str], objects: Sequence[int], shapes: Sequence[str]) -> list[str]:
    if not kinds:
        raise BadInput("`kinds` is empty")
    asked = f"`kinds`=[{', '.join(check_choice('kinds', kind, KINDS) for kind in kinds)}]"
    if (needed := max(NEEDS[kind] for kind in kinds)) > objects[1]:
        raise BadInput(f"`objects`={list(objects)} must allow {needed} objects for {asked}")
    if len(shapes) < 2 and set(kinds) != {"existence"}:
        raise BadInput(f"`shapes`={list(shapes)} must be two or more for {asked}")
    return list(kinds)
