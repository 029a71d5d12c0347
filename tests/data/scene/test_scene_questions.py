"""Questions on scenes: the answers are right, and the questions do not give them away."""

from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from refusals import refusals
from sequence_data import config, opened_option

from ablate.data.scene.question_kinds import KINDS
from ablate.errors import BadInput

SIZES = {"train": 150, "val": 30, "test": 30}
CHANCE = {"existence": 1 / 2, "count": 1 / 4, "colour": 1 / 8, "relation": 1 / 2}


def questions(split: str = "train", **changes: object):
    return opened_option("scene_questions", split, **{"dataset__sizes": SIZES, **changes})


@pytest.fixture(scope="module")
def data():
    return questions()


def recount(words: list[str], view: list) -> set[str]:
    """The answers that can be given, read off what is seen: whoever counts what is in doubt, or leaves it."""
    found = set()
    for things in (view, [thing for thing in view if thing.clear]):

        def those(noun: str, things: list = things) -> list:
            return [t for t in things if noun in (t.shape, f"{t.shape}s", f"{t.shape}es", "object", "objects")]

        match words:
            case ["is", "there", _, colour, noun, "?"]:
                found.add("yes" if any(t.colour == colour for t in those(noun)) else "no")
            case ["how", "many", colour, "objects", "are", "there", "?"]:
                found.add(("zero", "one", "two", "three")[sum(t.colour == colour for t in things)])
            case ["how", "many", nouns, "are", "there", "?"]:
                found.add(("zero", "one", "two", "three")[len(those(nouns))])
            case ["what", "colour", "is", "the", noun, "?"]:
                (thing,) = those(noun)
                found.add(thing.colour)
            case ["is", "the", first, *relation, "the", second, "?"]:
                (a,), (b,) = those(first), those(second)
                gaps = {"left": b.x - a.x, "right": a.x - b.x, "above": b.y - a.y, "below": a.y - b.y}
                found.add("yes" if gaps[relation[0]] > 0 else "no")
    return found


@pytest.mark.slow
def test_answers_are_right_whoever_counts_what_is_in_doubt(data):
    samples = [data[i] for i in range(len(data))]
    for sample in samples:
        assert recount(sample.question.split(), data.visible_in(sample.scene)) == {sample.answer}, sample.question
    assert {sample.question.split()[0] for sample in samples} == {"is", "how", "what"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_question_alone_does_not_give_the_answer(kind: str):
    """The answer that each question most often has, learned on many, is right by chance on others."""
    random = np.random.default_rng(0)
    samples = [KINDS[kind](random, ["disc", "ring"]) for _ in range(400)]
    seen, right = defaultdict(Counter), 0
    for question in samples[:250]:
        seen[question.text][question.answer] += 1
    for question in samples[250:]:
        right += seen[question.text].most_common(1)[0][0] == question.answer if question.text in seen else 0
    assert right / 150 == pytest.approx(CHANCE[kind], abs=4 * (CHANCE[kind] / 150) ** 0.5)
    assert max(map(len, seen.values())) == round(1 / CHANCE[kind])


def test_a_sample_depends_on_seed_split_and_number_alone(data):
    fewer = questions(dataset__sizes={"train": 6})
    assert [fewer[i][1:] for i in reversed(range(6))][::-1] == [data[i][1:] for i in range(6)]
    assert all(np.array_equal(fewer[i].scene.numbers, data[i].scene.numbers) for i in range(6))
    for other in (questions("val"), questions(dataset__seed=1)):
        assert [other[i].question for i in range(12)] != [data[i].question for i in range(12)]


def test_a_batch(data):
    raw = data.collate([data[i] for i in range(5)])
    batch = data.finish(raw)
    assert batch.image.shape == (5, 3, 64, 64) and batch.story is None and batch.index.tolist() == [0, 1, 2, 3, 4]
    for i in range(5):
        tokens = batch.question[i, : batch.question_lengths[i]].tolist()
        assert data.tokenisers["source"].text(tokens) == data[i].question and not batch.question[i, len(tokens) :].any()
        assert data[i].answer == config("scene_questions").class_names[int(batch.target[i])]
    assert "1" not in data.tokenisers["source"].vocabulary.index and torch.is_tensor(batch.target)


test_bad_options_are_one_line = refusals(
    ({"dataset__kinds": []}, r"kinds=\[\] must be a list of 1 or more"),
    ({"dataset__kinds": ["coulor"]}, "did you mean 'colour'"),
    ({"dataset__objects": [1, 2]}, r"objects=\[1, 2\] must allow 3 objects"),
    ({"dataset__shapes": ["disc"]}, r"shapes=\['disc'\] must name 2 or more"),
    ({"class_names": ["yes", "no"]}, r"class_names must be \[yes, no, zero"),
    of=questions,
)


def test_what_no_picture_answers_is_one_line():
    data = questions(dataset__kinds=["existence"], dataset__objects=[0, 1], dataset__sizes={"train": 8})
    assert {data[i].answer for i in range(8)} == {"yes", "no"}
    data.objects = (0, 0)
    data._samples.clear()
    with pytest.raises(BadInput, match="of 1000 pictures none answers 'is there an? .*' with yes"):
        [data[i] for i in range(8)]
