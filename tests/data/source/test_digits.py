"""Digits as sequences."""

import numpy as np
import torch
from refusals import refusals
from sequence_data import SPLITS, dataset, opened_option
from sklearn.datasets import load_digits


def test_all_pictures_are_there_once_with_their_labels():
    found = [dataset("digits")(split=split) for split in SPLITS]
    assert [len(each) for each in found] == [1442, 179, 176]
    pixels = torch.cat([each.inputs.flatten(1) for each in found]).numpy() * 16
    labels = np.concatenate([each.labels.numpy() for each in found])
    rows = sorted((tuple(picture), int(label)) for picture, label in zip(pixels, labels, strict=True))
    known = load_digits()
    assert rows == sorted((tuple(picture), int(label)) for picture, label in zip(known.data, known.target, strict=True))
    for each in found:
        share = np.bincount(each.labels.numpy(), minlength=10) / np.bincount(known.target) / len(each) * 1797
        assert share.min() > 0.9 and share.max() < 1.1


def test_rows_and_pixels_are_one_picture_and_a_permutation_moves_pixels():
    rows, pixels = dataset("digits")(split="val"), dataset("digits_pixels")(split="val")
    moved = dataset("digits_pixels", dataset__permute=True)
    assert rows[3].input.shape == (8, 8) and pixels[3].input.shape == (64, 1)
    assert torch.equal(rows[3].input.flatten(), pixels[3].input.flatten())
    order = [np.argsort(moved(split=split).inputs[:, :, 0].sum(0).numpy(), kind="stable") for split in ("train", "train")]
    assert (order[0] == order[1]).all()
    shuffled, plain = moved(split="val").inputs[:, :, 0], pixels.inputs[:, :, 0]
    assert not torch.equal(shuffled, plain) and torch.equal(shuffled.sort(1).values, plain.sort(1).values)
    columns = {tuple(column.tolist()) for column in plain.T}
    assert all(tuple(column.tolist()) in columns for column in shuffled.T)  # one permutation for all pictures


test_bad_options_are_one_line = refusals(
    ("digits", {"dataset__permute": True}, "permute=true needs order=pixels, not rows"),
    ("digits", {"dataset__order": "columns"}, "order='columns' is unknown"),
    ("digits", {"class_names": ["0", "1"]}, "class_names=.* must be ten"),
    ("digits", "trai", "did you mean 'train'"),
    of=opened_option,
)
