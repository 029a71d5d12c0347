"""Black and white digits: the three ways of binarisation, and the layout of Larochelle's files."""

from functools import partial

import numpy as np
import pytest
import torch
from refusals import refusals
from sequence_data import opened_option

from ablate.data.source.binary_digits import FILES, read_amat
from ablate.data.source.mnist import digit_pictures
from ablate.errors import BadInput

opened = partial(opened_option, "binary_digits")


def images(data):
    return data.collate([data[i] for i in range(len(data))]).image


def write(folder, count=3):
    """Files in Larochelle's layout."""
    pictures = {split: np.random.default_rng(i).integers(2, size=(count, 784)) for i, split in enumerate(FILES)}
    for split, name in FILES.items():
        np.savetxt(folder / name, pictures[split], "%d")
    return pictures


@pytest.mark.parametrize("binarisation", ["sampled", "threshold"])
def test_known_fault_a_pixel_is_zero_or_one(binarisation):
    """Grey values in [0, 1] were published as binarised MNIST."""
    data = opened("test", dataset__binarisation=binarisation)
    batch = data.collate([data[i] for i in range(9)])
    assert set(batch.image.unique().tolist()) == {0, 1} and batch.image.shape == (9, 1, 28, 28)
    assert batch.index.tolist() == list(range(9)) and batch.image.dtype == torch.float32


def test_a_threshold_is_at_half():
    grey = torch.from_numpy(digit_pictures("test", None).image)
    assert torch.equal(images(opened("test", dataset__binarisation="threshold"))[:, 0], (grey > 127.5).float())


def test_samples_have_the_grey_values_as_their_means_and_are_drawn_once():
    grey = torch.from_numpy(digit_pictures("val", None).image).double() / 255
    first, again, other = (images(opened("val", dataset__seed=seed))[:, 0] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(first[grey == 0], torch.zeros(int((grey == 0).sum()))) and first[grey == 1].all()
    many = torch.stack([images(opened("val", dataset__seed=seed))[:, 0] for seed in range(20)]).double().mean(0)
    spread = (grey * (1 - grey) / 20).sqrt()
    inside = spread > 0.05
    assert ((many - grey)[inside] / spread[inside]).std() == pytest.approx(1, abs=0.05)
    assert not torch.equal(first, images(opened("val", dataset__binarisation="threshold"))[:, 0])


def test_the_files_of_larochelle(tmp_path):
    pictures = write(tmp_path)
    for split, rows in pictures.items():
        data = opened(split, dataset__binarisation="fixed", root=str(tmp_path))
        assert torch.equal(images(data).flatten(1), torch.from_numpy(rows).float())


def test_mnist_from_its_own_files(real_data):
    data = opened("test", root=str(real_data / "mnist"), dataset__binarisation="threshold")
    assert len(data) == 10_000 and set(np.unique(data[0].image)) == {0, 1}


LINE = " ".join("01" * 392)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (f"{LINE}\n{LINE[:-2]}\n", ":2 has 783 pixels, a picture has 784"),
        (f"{LINE}\n{LINE} 1", ":2 has 785 pixels, a picture has 784"),
        (f"{LINE}\n\n{LINE[:-1]}2\n", ":3 holds something else than zeros and ones"),
        (f"{LINE.replace(' ', '', 1)} 0\n", ":1 holds something else than zeros and ones"),
        (f"{LINE}\n{LINE[:-1]}0.5\n", ":2 holds something else than zeros and ones"),
    ],
    ids=range(7),
)
def test_a_damaged_file_is_named_with_its_line(text, words, tmp_path):
    (path := tmp_path / "pictures.amat").write_text(text)
    with pytest.raises(BadInput) as caught:
        read_amat(path)
    assert str(caught.value).startswith(f"{path}") and words in str(caught.value)


def test_blank_lines_and_other_blanks_are_nothing(tmp_path):
    (path := tmp_path / "pictures.amat").write_text(f"\n{LINE} \r\n\n  {LINE}")
    assert read_amat(path).shape == (2, 28, 28) and read_amat(path)[1, 0, :4].tolist() == [0, 1, 0, 1]


test_bad_options_are_one_line = refusals(
    ({"dataset__binarisation": "fixed"}, "root is not set; root should hold binarized_mnist_train.amat"),
    ({"dataset__binarisation": "fixed", "root": "nowhere"}, "the folder nowhere is missing; root should hold binarized_mnist"),
    ({"dataset__binarisation": "treshold"}, "binarisation='treshold' is unknown; did you mean 'threshold'"),
    ({"root": "nowhere"}, "the folder nowhere is missing; root should hold the four files of MNIST"),
    of=opened,
)
