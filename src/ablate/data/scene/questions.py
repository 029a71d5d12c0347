"""Questions on generated scenes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import QuestionBatch
from ablate.data.scene.language import all_words
from ablate.data.scene.numbers import SceneNumbers, pick, present_objects
from ablate.data.scene.question_kinds import ANSWERS, KINDS, Kind, Question
from ablate.data.scene.scenes import SceneBatch, SceneDataset, check_shapes
from ablate.data.text.dataset import pad_with_lengths
from ablate.data.text.tokeniser import SPECIAL, Tokeniser, Vocabulary
from ablate.errors import BadInput
from ablate.schema.options import SOME

WORDS = tuple(dict.fromkeys("is there how many are what colour ?".split() + all_words()))
# Objects that a picture must be able to have.
NEEDED: dict[Kind, int] = {"existence": 1, "count": 3, "colour": 1, "relation": 2}
QUESTION, FIRST_PICTURE, TRIES = 0x8000, 0x8001, 1000  # uses of a sample's generators


class Sample(NamedTuple):
    """A scene that is not yet rendered, with a question and its answer."""

    scene: SceneNumbers
    question: str
    answer: str


class QuestionedScenes(NamedTuple):
    """A batch of samples."""

    scenes: SceneBatch
    question: Int[Tensor, "b t"]
    question_lengths: Int[Tensor, " b"]
    target: Int[Tensor, " b"]


@dataclass(kw_only=True, eq=False)
class SceneQuestions(SceneDataset):
    """Generated scenes, each with one question and its answer. The kinds of questions are equally likely:

        existence   is there a red ring ?             yes, no           guessing is right with probability 1/2
        count       how many red objects are there ?  zero … three                                         1/4
        colour      what colour is the ring ?         the eight colours                                    1/8
        relation    is the ring left of the square ?  yes, no                                              1/2

    The question alone does not give the answer. Question and answer are sampled first; whatever is asked, all answers are equally
    likely. Then pictures are sampled until the answer certainly holds in one (`ablate.data.scene.semantics`). Shapes and colours
    of its objects are changed to fit; their positions are not.

    Args:
        kinds: which of the four occur.
        class_names: the answers; `ANSWERS` in their order.

    Raises:
        BadInput: what `SceneDataset` refuses, too few `objects` or `shapes` for a kind, other answers.
    """

    kinds: Annotated[Sequence[Kind], SOME]
    class_names: Sequence[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        for kind in self.kinds:
            if (needed := NEEDED[kind]) > self.objects[1]:
                raise BadInput(f"`objects`={list(self.objects)} must allow {needed} objects for `kinds`={kind}")
        check_shapes("shapes", self.shapes, 1 if set(self.kinds) == {"existence"} else 2)
        if tuple(self.class_names) != ANSWERS:
            raise BadInput(f"`class_names` must be [{', '.join(ANSWERS)}]")
        self.tokenisers = {"source": Tokeniser(vocabulary=Vocabulary([*SPECIAL, *WORDS]))}

    def collate(self, samples: list[Sample]) -> QuestionedScenes:
        """Parameters on the CPU, without pixels."""
        scenes = self.to_batch([sample.scene for sample in samples])
        questions = [torch.tensor(self.tokenisers["source"].encode(sample.question)) for sample in samples]
        return QuestionedScenes(scenes, *pad_with_lengths(questions), torch.tensor([ANSWERS.index(s.answer) for s in samples]))

    def finish(self, batch: QuestionedScenes) -> QuestionBatch:
        """Render on the device of the batch."""
        rendered = self.render(batch.scenes)
        return QuestionBatch(batch.question, batch.question_lengths, batch.target, rendered.index, rendered.image)

    def make(self, index: int) -> Sample:
        random = self.generator(index, QUESTION)
        question = KINDS[pick(self.kinds, random.random())](random, self.shapes)
        for attempt in range(TRIES):
            scene = self._with_answer(self.numbers(index, FIRST_PICTURE + attempt), question)
            if question.holds(self.visible_in(scene)):
                return Sample(scene, question.text, question.answer)
        raise BadInput(f"of {TRIES} pictures none answers {question.text!r} with {question.answer}: set more `objects`")

    def _with_answer(self, scene: SceneNumbers, question: Question) -> SceneNumbers:
        numbers = scene.numbers.copy()
        if len(present := present_objects(numbers, *self.objects)):
            question.fit(present)
        return scene._replace(numbers=numbers)
