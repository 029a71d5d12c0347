"""What is said of scenes: the grammar, what it means, and that whatever is drawn is true."""

import pytest
import torch
from generated import raw, scenes

from ablate.data.batch import Scene
from ablate.data.generated import sample_generator
from ablate.data.scene.caption_sampler import sample_captions
from ablate.data.scene.language import Phrase, Statement, all_words, parse, to_text
from ablate.data.scene.parameters import COLOURS, SHAPES
from ablate.data.scene.semantics import holds, judge
from ablate.data.scene.visibility import VisibleObject, visible_objects

VIEW = [
    VisibleObject("ring", "red", 9.0, 0.5, 0.1, True),
    VisibleObject("square", "blue", 14.0, 0.45, 0.6, True),
    VisibleObject("square", "blue", 11.5, 0.5, 0.9, True),
    VisibleObject("disc", "red", 8.0, 0.4, 0.62, False),  # mostly covered
]


@pytest.fixture(scope="module")
def described() -> list[tuple[list[VisibleObject], list[str]]]:
    views = visible_objects(raw(scenes(), range(300)).scene, (64, 64))
    return [
        (view, sample_captions(view, [sample_generator(0, "train", i, c + 1) for c in range(5)])) for i, view in enumerate(views)
    ]


@pytest.mark.parametrize(
    "caption, certain, possible",
    [
        ("a small red ring left of two blue squares", True, True),
        ("a ring right of a blue square", False, False),
        ("a red ring", True, True),
        ("two squares", True, True),
        ("three squares", False, False),
        ("a large square", True, True),
        ("two large squares", False, True),  # the other one is between small and large
        ("a small square", False, True),
        ("a square above a ring", False, True),  # by less than the margin
        ("a disc", False, True),  # mostly covered
        ("no discs", False, True),
        ("no stars", True, True),
        ("no rings", False, False),
        ("no squares at the left", True, True),
        ("three objects", False, True),
        ("four objects", False, True),
        ("five objects", False, False),
        ("a ring at the left", True, True),
        ("a ring at the top", False, False),
        ("a ring in the middle", False, False),
        ("a square at the right", True, True),
        ("two squares at the right", False, True),
        ("a blue square left of a blue square", True, True),
        ("a ring left of a ring", False, False),
        ("two squares left of a square", False, False),  # nothing is left of itself
        ("a red ring and two blue squares", True, True),
        ("a red ring and a green object", False, False),
    ],
)
def test_what_words_mean(caption: str, certain: bool, possible: bool):
    statements = parse(caption)
    assert to_text(statements) == caption
    assert all(holds(each, VIEW, certain=True) for each in statements) == certain
    assert all(holds(each, VIEW, certain=False) for each in statements) == possible == all(judge(caption, VIEW).statements)


def test_reading_a_caption():
    assert parse("an orange arc above three large crosses") == [
        Statement(Phrase(1, None, "orange", "arc"), None, "above", Phrase(3, "large", None, "cross"))
    ]
    assert parse("  two   objects in the middle and an arc ") == [
        Statement(Phrase(2), "in the middle"),
        Statement(Phrase(1, None, None, "arc")),
    ]
    assert judge("a red ring and a star", VIEW).statements == [True, False]


@pytest.mark.parametrize(
    "text",
    ["", "a", "ring", "a arc", "an ring", "two ring", "a rings", "a red small ring", "a ring left of", "a ring and", "a pink ring",
     "A ring", "a ring at the left left of a disc", "a ring left of a disc at the top", "a ring . ", "one ring", "<unk> ring",
     "a ring and and a ring", "no rings left of a disc", "a ring left of no discs"],
)  # fmt: skip
def test_what_is_no_caption(text: str):
    assert parse(text) is None and judge(text, VIEW) is None


def test_whatever_is_said_is_true_and_can_be_read_back(described):
    for view, said in described:
        for caption in said:
            statements = parse(caption)
            assert statements and to_text(statements) == caption and set(caption.split()) <= set(all_words())
            assert all(holds(each, view, certain=True) and holds(each, view, certain=False) for each in statements)
    assert sum(len(set(said)) == 5 for _, said in described) > 0.97 * len(described)


@pytest.mark.slow
def test_captions_say_something(described):
    """Under another picture few of them are true, and every kind of word occurs."""
    others = [view for view, _ in described[1:]]
    true = [all(judge(caption, other).statements) for (_, said), other in zip(described, others) for caption in said]
    assert sum(true) / len(true) < 0.15
    text = " ".join(caption for _, said in described for caption in said)
    words = "small large two three squares".split() + ["left of", "above", "at the left", "in the middle"]
    for word in (*COLOURS, *SHAPES, *words):
        assert f" {word} " in text, word


def test_what_is_spoken_of_is_in_the_pixels():
    """Areas of discs and squares in view, counted in the rendered labels, against the two bounds."""
    dataset = scenes(noise=0.0, image_size=128, class_names=["background", "disc", "square"])
    batch = dataset.finish(raw(dataset, range(150)))
    seen, clear = visible_objects(batch.scene, dataset.size), 0
    for b, view in enumerate(seen):
        for label, shape, area in ((1, "disc", torch.pi), (2, "square", 2.0)):
            mine = (batch.scene.shape[b] == SHAPES.index(shape)).nonzero()[:, 0]
            if len(mine) != 1:
                continue
            share = float((batch.label[b] == label).sum() / (area * batch.scene.radius[b, mine[0]] ** 2))
            things = [thing for thing in view if thing.shape == shape]
            assert bool(things) or share < 0.1
            if things and things[0].clear:
                assert share > 0.52 or not any(t.clear for t in view if t is not things[0])
                clear += 1
            elif things:
                assert share < 0.68
    assert clear > 50


def test_one_object_on_top_of_another():
    scene = Scene(
        shape=torch.tensor([[1, 0, -1]]),
        colour=torch.tensor([[5, 0, 0]]),
        radius=torch.tensor([[7.0, 14.0, 7.0]]),
        centre=torch.tensor([[[30.0, 30.0], [30.0, 30.0], [9.0, 9.0]]]),
        angle=torch.zeros(1, 3),
        count=torch.tensor([2]),
    )
    assert visible_objects(scene, (64, 64)) == [[VisibleObject("disc", "red", 14.0, 30 / 64, 30 / 64, True)]]
    outside = scene._replace(centre=scene.centre - 200)
    assert visible_objects(outside, (64, 64)) == [[]]
    assert sample_captions([], [sample_generator(0, "train", 0, c + 1) for c in range(2)]) == ["no objects"] * 2
    assert all(holds(each, [], certain=True) for each in parse("no objects"))


@pytest.mark.parametrize(
    "caption, asserted, true",
    [
        ("an object", 0, 0),
        ("no large red discs", 0, 0),  # so it is, which says little
        ("no red rings", 2, 0),
        ("no objects", 1, 0),
        ("a ring", 1, 1),
        ("a star", 1, 0),
        ("a small red ring", 3, 3),
        ("a large red ring", 3, 2),
        ("a large green ring", 3, 1),
        ("a blue ring", 2, 1),  # there are a blue object and a ring, but no blue ring
        ("two blue squares", 3, 3),
        ("three blue squares", 3, 2),
        ("a ring at the left", 2, 2),
        ("a ring at the right", 2, 1),
        ("a small red ring left of two blue squares", 7, 7),
        ("a small red ring right of two blue squares", 7, 6),
        ("a ring right of a green square", 4, 2),
        ("a ring left of an object", 2, 2),
        ("a ring and a ring", 1, 1),  # once
        ("a ring and a large star", 3, 2),
    ],
)
def test_facts_by_hand(caption, asserted, true):
    found = judge(caption, VIEW)
    assert (found.facts, found.true_facts) == (asserted, true)


def test_pairs_that_a_caption_names_and_the_picture_has():
    said = {"a small red ring left of two blue squares": {"red ring", "blue square"}, "a ring": set(), "a blue ring": set()}
    said |= {"no red rings": set(), "a red ring right of a star": {"red ring"}}
    assert {caption: set(judge(caption, VIEW).pairs) for caption in said} == said


def test_references_assert_facts_and_constant_captions_hardly_any(described):
    def mean(captions):
        found = [judge(caption, view) for (view, _), caption in zip(described, captions)]
        return sum(2 * each.true_facts - each.facts for each in found) / len(found)

    constants = ("an object", "no large red discs", "a red ring", "a large object", "an object at the left")
    scores = {caption: mean([caption] * len(described)) for caption in constants}
    assert mean([said[0] for _, said in described]) > 3
    assert scores["an object"] == 0 and abs(scores["no large red discs"]) < 0.1 and scores["a red ring"] < 0
    assert max(scores.values()) < 0.9
