"""Scenes with captions: samples, what depends on what, and combinations that are held out."""

import pytest
import torch
from refusals import refusals
from sequence_data import opened_option

from ablate.data.batch import IGNORE
from ablate.data.scene.language import parse
from ablate.data.scene.parameters import COLOURS

SIZES = {"train": 40, "val": 40, "test": 40}
HELD_OUT = ["red ring", "blue square"]


def captioned(split: str = "train", **changes: object):
    return opened_option("scene_captions", split, **{"dataset__sizes": SIZES, "image_size": 32, **changes})


def pairs(data) -> set[str]:
    return {f"{thing.colour} {thing.shape}" for i in range(40) for thing in data.visible(i)}


def test_a_batch():
    data = captioned()
    assert len(data) == 200 and len(captioned("val")) == 40
    samples = [data[i] for i in range(12)]
    batch = data.finish(data.collate(samples))
    assert batch.image.shape == (12, 3, 32, 32) and batch.index.tolist() == [0] * 5 + [1] * 5 + [2] * 2
    assert torch.equal(batch.image[0], batch.image[4]) and not torch.equal(batch.image[0], batch.image[5])
    for i in range(12):
        right = batch.target[i][batch.target[i] != IGNORE].tolist()
        assert data.tokenisers["target"].text(right) == data.references(i // 5)[i % 5]


def test_a_sample_depends_on_seed_split_and_number_alone():
    data, fewer = captioned(), captioned(dataset__sizes={"train": 8})
    assert [fewer.references(i) for i in reversed(range(8))][::-1] == [data.references(i) for i in range(8)]
    assert [captioned(dataset__captions=3).references(i) for i in range(8)] == [data.references(i)[:3] for i in range(8)]
    for other in (captioned("val"), captioned(dataset__seed=1)):
        assert sum(data.references(i) == other.references(i) for i in range(40)) == 0


def test_references_are_true_and_those_of_others_mostly_not():
    data = captioned("test")
    own = [all(data.judge(i, caption).statements) for i in range(16) for caption in data.references(i)]
    others = [all(data.judge(i, caption).statements) for i in range(16) for caption in data.references((i + 1) % 16)]
    assert all(own) and sum(others) / len(others) < 0.25
    assert data.judge(0, "a ring a ring") is None


@pytest.mark.slow
def test_held_out_pairs_never_occur_or_always():
    options = {"dataset__held_out": HELD_OUT}
    train, plain = captioned(**options), captioned()
    assert not pairs(train) & set(HELD_OUT) and set(HELD_OUT) <= pairs(plain)
    assert not any(pair in caption for i in range(40) for caption in train.references(i) for pair in HELD_OUT)
    assert torch.equal(train.to_batch([train.scene(3)]).scene.shape, plain.to_batch([plain.scene(3)]).scene.shape)
    always = captioned("test", **options, dataset__show_held_out={"train": "never", "test": "always"})
    said = [any(pair in caption for pair in HELD_OUT) for i in range(40) for caption in always.references(i)]
    clear = [any(t.clear and f"{t.colour} {t.shape}" in HELD_OUT for t in always.visible(i // 5)) for i in range(200)]
    assert said == clear and sum(clear) > 150
    assert all(all(always.judge(i, caption).statements) and parse(caption) for i in range(40) for caption in always.references(i))


test_bad_options_are_one_line = refusals(
    ({"dataset__held_out": ["ring"]}, "held_out: 'ring' should be a colour and a shape"),
    ({"dataset__held_out": ["rde ring"]}, "held_out='rde' is unknown; did you mean 'red'"),
    ({"dataset__held_out": ["red rnig"]}, "did you mean 'ring'"),
    ({"dataset__shapes": ["disc"], "dataset__held_out": [f"{colour} disc" for colour in COLOURS]}, "leaves no colour for disc"),
    ({"dataset__show_held_out": "sometimes"}, "show_held_out='sometimes' is unknown"),
    ({"dataset__show_held_out": {"test": "any"}}, "has no value for train"),
    ({"dataset__captions": 0}, "captions=0"),
    ({"dataset__sizes": {"train": 0}}, "sizes.train=0"),
    ({"dataset__shapes": []}, r"shapes=\[\] must be a list of 1 or more"),
    ({"dataset__show_held_out": "always"}, "show_held_out=always needs pairs in held_out"),
    of=captioned,
)
