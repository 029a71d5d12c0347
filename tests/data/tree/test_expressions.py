"""Expressions: their values, their depths, their shapes, and that no split has one of another's."""

from functools import partial

import pytest
from refusals import refusals
from sequence_data import opened_option

from ablate.data.batch import IGNORE

LEVELS = {"train": range(1, 5), "val": range(1, 5), "test": range(5, 7)}


def opened(split="train", **options):
    data = opened_option("expressions", split, **options)
    data.set_tokenisers(data.fit_tokenisers())
    return data


@pytest.mark.parametrize("kind, classes", [("arithmetic", list("01234")), ("boolean", ["false", "true"])])
def test_the_label_of_every_node_is_its_value(kind, classes):
    data = opened(dataset__kind=kind, class_names=classes, num_classes=len(classes))
    python = {"and": "&", "or": "|", "xor": "^", "false": "0", "true": "1"}
    for i in range(20):
        tree = data.tree(i)
        value = eval(" ".join(python.get(word, word) for word in tree.text)) % len(classes)
        assert classes[tree.labels[-1]] == (str(value) if kind == "arithmetic" else classes[value])
        leaves = [(word, label) for word, label, below in zip(tree.words, tree.labels, tree.children, strict=True) if not below]
        assert all(classes[label] == word for word, label in leaves)


def test_depths_and_splits():
    texts = {}
    for split, levels in LEVELS.items():
        opened_split = opened(split)
        trees = [opened_split.tree(i) for i in range(30)]
        assert {tree.heights[-1] for tree in trees} == set(levels)
        texts[split] = {tree.text for tree in trees}
    assert not texts["train"] & texts["val"]
    assert opened().tree(7) == opened().tree(7) != opened(dataset__seed=1).tree(7)


def test_controls_read_the_same_expression():
    tree = opened().tree(3)
    for shape in ("chain", "balanced", "random", "left"):
        other = opened(dataset__shape=shape).tree(3)
        assert other.tokens == tree.text and other.labels[-1] == tree.labels[-1]
    alone = opened(dataset__labels="root")
    batch = alone.collate([alone[i] for i in range(4)])
    assert (batch.target != IGNORE).sum() == 4 and batch.target[batch.root].tolist() == [alone.tree(i).labels[-1] for i in range(4)]
    graph = opened(dataset__share=True)
    assert any(len(graph.tree(i).words) < len(opened().tree(i).words) for i in range(10))


test_bad_options_are_one_line = refusals(
    ({"dataset__depth": [3, 2]}, r"depth=\[3, 2\] must be a list of 2 in rising order"),
    ({"dataset__depth": {"train": [0, 2]}}, "depth.train.0=0"),
    ({"class_names": ["0", "1"]}, "class_names must be the 5 values"),
    ({"dataset__share": True, "dataset__shape": "chain"}, "share=true shares parts"),
    of=partial(opened_option, "expressions"),
)
