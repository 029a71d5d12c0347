"""Generated problems: targets computed a second time, and nothing but (seed, split, i) decides a sample."""

from collections import Counter

import pytest
import torch
from refusals import refusals
from sequence_data import config, dataset

from ablate.data.batch import IGNORE
from ablate.data.split import SPLITS

PROBLEMS = ["adding", "copy_memory", "temporal_order", "temporal_order_3", "echo", "marked_symbol"]


def problem(name: str, split: str = "train", **changes: object):
    return dataset(name, **{"dataset__sizes": {"train": 300, "val": 300, "test": 300}, **changes})(split=split)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_sample_depends_on_seed_split_and_number_alone(name: str):
    data, fewer = problem(name), problem(name, dataset__sizes={"train": 8})
    backwards = [fewer[i] for i in reversed(range(8))][::-1]
    for i in range(8):
        assert torch.equal(data[i].input, backwards[i].input) and torch.equal(data[i].target, backwards[i].target)
    others = [problem(name, "val"), problem(name, dataset__seed=1)]
    assert all(not torch.equal(data[i].input, other[i].input) for other in others for i in range(8))
    assert len({tuple(data[i].input.ravel().tolist()) for i in range(300)}) == 300


def test_adding():
    data = problem("adding", length=12)
    steps, places = data.collate([data[i] for i in range(300)]), Counter()
    for (values, markers), target in zip(steps.input.transpose(1, 2), steps.target.tolist(), strict=True):
        marked = [t for t, marker in enumerate(markers.tolist()) if marker == 1]
        assert len(marked) == 2 and markers.sum() == 2
        assert target == pytest.approx(values[marked[0]].item() + values[marked[1]].item(), abs=1e-6)
        assert values.min() >= 0 and values.max() < 1
        places.update(marked)
    assert len(places) == 12 and max(places.values()) < 3 * min(places.values())
    assert ((steps.target - 1) ** 2).mean() == pytest.approx(1 / 6, abs=0.04)


@pytest.mark.parametrize("reverse", [False, True])
def test_copy_memory(reverse: bool):
    data = problem("copy_memory", length=9 + 2 * 4, dataset__remember=4, dataset__reverse=reverse)
    seen = Counter()
    for i in range(100):
        tokens, target = data[i].input.tolist(), data[i].target.tolist()
        symbols, blanks, delimiter, rest = tokens[:4], tokens[4:12], tokens[12], tokens[13:]
        assert all(1 <= symbol <= 8 for symbol in symbols)
        assert blanks == [9] * 8 and delimiter == 10 and rest == [9] * 4
        said = symbols[::-1] if reverse else symbols
        assert target == [IGNORE] * 13 + [symbol - 1 for symbol in said]
        seen.update(symbols)
    assert len(seen) == 8 and config("copy_memory").vocabulary_size == 11


def test_a_row_to_copy_is_in_one_split_only():
    options = {"length": 7, "dataset__remember": 3, "dataset__sizes": {"train": 2000, "val": 300, "test": 300}}
    rows = [
        {tuple(data[i].input.tolist()) for i in range(len(data))} for data in (problem("copy_memory", s, **options) for s in SPLITS)
    ]
    assert not rows[0] & (rows[1] | rows[2]) and not rows[1] & rows[2] and 350 < len(rows[0]) < 512


@pytest.mark.parametrize(
    "name, length", [("temporal_order", 10), ("temporal_order", 50), ("temporal_order_3", 10), ("temporal_order_3", 105)]
)
def test_temporal_order(name: str, length: int):
    data, classes = problem(name, length=length), config(name).class_names
    labels = Counter()
    for i in range(300):
        tokens, label = data[i].input.tolist(), int(data[i].target)
        assert (tokens[0], tokens[-1], len(tokens)) == (7, 8, length) and not {7, 8} & set(tokens[1:-1])
        assert "".join({1: "X", 2: "Y"}[token] for token in tokens if token < 3) == classes[label]
        first = min(t for t, token in enumerate(tokens) if token < 3)
        assert length // 10 <= first <= length // 5
        labels[label] += 1
    assert len(labels) == len(classes) and max(labels.values()) < 3 * min(labels.values())


@pytest.mark.parametrize("lag, names", [(0, ["a", "b"]), (3, ["a", "b", "c", "d", "e"]), (9, ["a", "b"])])
def test_echo(lag: int, names: list):
    data, seen = problem("echo", length=10, dataset__lag=lag, class_names=names), set()
    for i in range(100):
        tokens, target = data[i].input.tolist(), data[i].target.tolist()
        for t in range(10):
            assert target[t] == (tokens[t - lag] - 1 if t >= lag else IGNORE)
        seen.update(tokens)
    assert seen == set(range(1, len(names) + 1))


def test_marked_symbol_stands_elsewhere_in_the_test():
    lengths, places, labels = {"train": 20, "val": 20, "test": 40}, {}, Counter()
    for split, length in lengths.items():
        data = problem("marked_symbol", split, length=lengths, max_length=40)
        places[split] = set()
        for i in range(300):
            keys = [(t, token) for t, token in enumerate(data[i].input.tolist()) if token <= 4]
            assert len(keys) == 1 and len(data[i].input) == length and keys[0][1] - 1 == data[i].target
            assert data[i].input.max() <= 12
            places[split].add(keys[0][0])
            labels[int(data[i].target)] += 1
    assert places == {"train": set(range(10)), "val": set(range(10)), "test": set(range(20, 40))}
    assert len(labels) == 4 and max(labels.values()) < 1.5 * min(labels.values())


def test_one_place_for_all_splits_and_one_step():
    assert problem("marked_symbol", "test", length=1, dataset__place=[0.5, 1])[0].input.shape == (1,)
    assert problem("marked_symbol", dataset__place=[1, 1])[0].input[-1] <= 4
    assert problem("echo", length=1, dataset__lag=0)[0].target.shape == (1,)
    assert problem("copy_memory", length=3, dataset__remember=1)[0].input.tolist()[1:] == [10, 9]
    assert problem("adding", length=2)[0].input[:, 1].tolist() == [1, 1]


test_bad_options_are_one_line = refusals(
    ("adding", {"length": 0}, "length=0 must be a whole number between 2 and"),
    ("adding", {"length": 1}, "length=1 must be a whole number between 2 and"),
    ("adding", {"length": 31, "max_length": 30}, "length=31 is beyond max_length=30"),
    ("adding", {"dataset__sizes": {"train": 0}}, "sizes.train=0"),
    ("adding", {"dataset__sizes": {"val": 3}}, "sizes={'val': 3} has no value for train"),
    ("adding", {"dataset__seed": -1}, "seed=-1"),
    ("adding", {"dataset__seed": 2**64}, "seed=18446744073709551616 must be a whole number between 0 and"),
    ("echo", {"length": 5}, "lag=5 leaves no step of length=5 to score"),
    ("echo", {"dataset__lag": -1}, "lag=-1"),
    ("echo", {"class_names": []}, r"class_names=\[\] must be a list of 1 or more"),
    ("copy_memory", {"length": 20}, "length=20 must be at least 21 for remember=10"),
    ("copy_memory", {"dataset__remember": 0}, "remember=0"),
    ("copy_memory", "val", {"dataset__remember": 1, "length": 3, "class_names": ["a"]}, "remember=1: too few different samples"),
    ("temporal_order", {"length": 9}, "length=9 must be a whole number between 10 and"),
    ("temporal_order", {"dataset__marked": 4}, "marked=4 is unknown.*2, 3"),
    ("temporal_order", {"dataset__marked": 3}, "class_names has 4 names, but marked=3 makes 8"),
    ("marked_symbol", {"dataset__place": [0.5, 0.4]}, "place=.*must be a list of 2 in rising order"),
    ("marked_symbol", {"dataset__place": [0.5]}, "place=.*must be a list of 2"),
    ("marked_symbol", {"dataset__place": {"train": [0, 2]}}, "place.train.1=2 must be a number between 0 and 1"),
    ("marked_symbol", {"length": {"test": 5}, "max_length": 9}, "length={'test': 5} has no value for train"),
    ("marked_symbol", {"dataset__noise": 0}, "noise=0"),
    of=problem,
)


def test_there_is_no_sample_beyond_the_end():
    with pytest.raises(IndexError):
        problem("echo")[300]
