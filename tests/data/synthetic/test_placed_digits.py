"""Digits in larger pictures: where they are, what is asked for, and MNIST's files."""

import gzip
from functools import partial

import numpy as np
import pytest
import torch
from refusals import refusals
from sequence_data import opened_option

from ablate.data.source.mnist import digit_pictures, read_idx
from ablate.errors import BadInput

opened = partial(opened_option, "placed_digits")


@pytest.mark.parametrize("kind, size", [("centred", 28), ("translated", 60), ("cluttered", 60), ("pairs", 56), ("sum", 100)])
def test_a_digit_is_where_its_place_says_and_the_class_is_that_of_the_digits(kind, size):
    data = opened(dataset__kind=kind, image_size=size)
    names = data.inferred_config()["class_names"]
    batch = data.collate([data[i] for i in range(12)])
    for i, (image, place) in enumerate(zip(batch.image[:, 0], batch.place, strict=True)):
        corners = ((place + 1) / 2 * size - 14).round().int().tolist()
        found = []
        for y, x in corners:
            window = (image[y : y + 28, x : x + 28] * 255).round().byte().numpy()
            score = [(window >= each).all() and each.sum() for each in data.images]  # clutter only adds
            found.append(int(data.digit[np.argmax(score)]))
            image[y : y + 28, x : x + 28] = 0
        wanted = {"pairs": " and ".join(map(str, sorted(found))), "sum": str(sum(found))}
        assert names[batch.target[i]] == wanted.get(kind, str(found[0]))
        assert (image.sum() > 0) <= (kind == "cluttered")
    again = opened(dataset__kind=kind, image_size=size)
    assert torch.equal(again.collate([again[3]]).image, data.collate([data[3]]).image)
    assert kind == "centred" or len(np.unique(batch.place.numpy(), axis=0)) == 12


def test_a_centred_digit_comes_once():
    sizes = {split: len(opened(split, dataset__kind="centred", image_size=28)) for split in ("train", "val", "test")}
    assert sum(sizes.values()) == 1797 and sizes["test"] == len(digit_pictures("test", None).label)


def test_mnist_from_its_files(real_data):
    root = str(real_data / "mnist")
    train, val, test = (digit_pictures(split, root) for split in ("train", "val", "test"))
    assert [len(each.label) for each in (train, val, test)] == [55000, 5000, 10000]
    assert train.label[:4].tolist() == [5, 0, 4, 1] and test.label[:4].tolist() == [7, 2, 1, 0]
    assert int(test.image.astype(int).sum() / test.image.size * 1e3) == 33791  # the known mean of the test pictures, 0.1325


@pytest.mark.parametrize(
    "content", ["", "0000080100000003aaaa", "00000d0100000002aaaa", None], ids=["empty", "short", "floats", "cut"]
)
def test_a_damaged_file_is_named(content, tmp_path):
    whole = gzip.compress(bytes.fromhex("0000080100000000" if content is None else content))
    (path := tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(whole[:9] if content is None else whole)
    with pytest.raises(BadInput, match=f"{path} is (damaged|no whole IDX file of bytes with 1 axes)"):
        read_idx(path, 1)


test_bad_options_are_one_line = refusals(
    ({"dataset__kind": "pairs", "image_size": 55}, "image_size=55 is too small for two digits, kind=pairs: the least is 56"),
    ({"image_size": 27}, "image_size=27 must be a whole number between 28 and"),
    ({"dataset__kind": "centered"}, "kind='centered' is unknown; did you mean 'centred'"),
    ({"root": "nowhere"}, "the folder nowhere is missing; root should hold the four files of MNIST"),
    of=opened,
)
