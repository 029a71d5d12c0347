"""CamVid, and with it what every folder of pictures and masks has in common."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from refusals import refusals
from sequence_data import config, dataset
from torch.utils.data import DataLoader

from ablate.data.picture.masks import MaskFolder
from ablate.data.source.camvid import camvid as read_camvid
from ablate.errors import BadInput

NAMES = list(config("camvid").class_names)


def write(root: Path, split: str, count: int = 3, size: tuple[int, int] = (4, 6)) -> None:
    random = np.random.default_rng(len(split))
    for folder in (split, f"{split}annot"):
        (root / folder).mkdir(parents=True)
    for i in range(count):
        Image.fromarray(random.integers(0, 256, (*size, 3), dtype=np.uint8)).save(root / split / f"{i}.png")
        Image.fromarray(random.integers(0, 12, size, dtype=np.uint8)).save(root / f"{split}annot" / f"{i}.png")
    lines = [f"/SegNet/CamVid/{split}/{i}.png /SegNet/CamVid/{split}annot/{i}.png\n" for i in range(count)]
    (root / f"{split}.txt").write_text("".join(lines))


def camvid(root: Path, split: str = "train", image_size: object = None, cache: bool = False) -> MaskFolder:
    read = partial(read_camvid, root=str(root))
    return MaskFolder(split, read=read, image_size=image_size, class_names=NAMES, ignore_index=11, cache=cache)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for split in ("train", "val", "test"):
        write(tmp_path, split)
    return tmp_path


def test_samples_are_the_files(root: Path) -> None:
    data = camvid(root, "val")
    assert len(data) == 3
    for i, sample in enumerate(data[j] for j in range(3)):
        assert (sample.image == np.asarray(Image.open(root / "val" / f"{i}.png")).transpose(2, 0, 1)).all()
        assert (sample.label == np.asarray(Image.open(root / "valannot" / f"{i}.png"))).all()
        assert sample.index == i


def test_a_batch_is_finished_as_float_and_long(root: Path) -> None:
    data = camvid(root)
    raw = data.collate([data[2], data[0]])
    assert (raw.image.dtype, raw.label.dtype) == (torch.uint8, torch.uint8)
    batch = data.finish(raw)
    assert (batch.image.dtype, batch.label.dtype, batch.index.tolist()) == (torch.float32, torch.int64, [2, 0])
    assert batch.image.shape == (2, 3, 4, 6) and batch.image.is_contiguous() and batch.scene is None
    np.testing.assert_allclose(batch.image[1].numpy(), data[0].image / 255, rtol=1e-6)
    assert (batch.label[1].numpy() == data[0].label).all()
    assert data.finish(raw._replace(image=torch.full_like(raw.image, 255))).image.unique().tolist() == [1.0]  # exactly


def test_loader_processes_give_the_same_batches(root: Path) -> None:
    data = camvid(root, cache=True)
    data.check()
    batches = [list(DataLoader(data, batch_size=2, collate_fn=data.collate, num_workers=n)) for n in (0, 1)]
    for here, there in zip(*batches, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(here, there, strict=True))


@pytest.mark.parametrize("image_size, expected", [(8, (8, 8)), ([3, 5], (3, 5)), (None, (4, 6))])
def test_image_size(root: Path, image_size: object, expected: tuple[int, int]) -> None:
    sample = camvid(root, image_size=image_size)[0]
    assert sample.image.shape == (3, *expected) and sample.label.shape == expected


def test_resizing_takes_the_nearest_label_and_smooths_the_picture(root: Path) -> None:
    label = np.arange(8, dtype=np.uint8).reshape(1, 8).repeat(4, axis=0)
    stripes = np.zeros((4, 8, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    Image.fromarray(label).save(root / "trainannot" / "0.png")
    Image.fromarray(stripes).save(root / "train" / "0.png")
    sample = camvid(root, image_size=[4, 4])[0]
    assert sample.label[0].tolist() == [1, 3, 5, 7]  # the middle of two pixels counts to the right one
    assert abs(sample.image[:, :, 1:3].astype(int) - 100).max() <= 1  # neither all 0 nor all 200


def test_the_cache_is_filled_by_check_and_holds_what_is_in_the_files(root: Path) -> None:
    fresh, cached = camvid(root), camvid(root, cache=True)
    expected = [fresh[i] for i in range(3)]
    cached.check()
    for path in root.glob("train*/*.png"):
        path.unlink()
    for i, sample in enumerate(expected):
        assert (cached[i].image == sample.image).all() and (cached[i].label == sample.label).all()
    with pytest.raises(BadInput):
        fresh.check()


def wrong_value(root: Path) -> None:
    label = np.zeros((4, 6), dtype=np.uint8)
    label[2, 4] = 12
    Image.fromarray(label).save(root / "trainannot" / "1.png")


def truncate(root: Path) -> None:
    path = root / "train" / "1.png"
    path.write_bytes(path.read_bytes()[:-30])


def change_a_bit(root: Path) -> None:
    """In the checksum of the pixels: Pillow decodes such a file without a word."""
    path = root / "trainannot" / "1.png"
    data = bytearray(path.read_bytes())
    data[data.index(b"IEND") - 5] ^= 1
    path.write_bytes(data)
    Image.open(path).load()


def other_size(root: Path) -> None:
    Image.new("L", (6, 5)).save(root / "trainannot" / "1.png")


def only_background(root: Path) -> None:
    for path in (root / "trainannot").glob("*.png"):
        Image.fromarray(np.array([[0] * 5 + [11]] * 4, dtype=np.uint8)).save(path)


def damaged(root: Path, damage: Callable) -> None:
    camvid(root)
    damage(root)
    camvid(root)


test_a_bad_folder_is_refused_at_once = refusals(
    (lambda root: (root / "trainannot/1.png").unlink(), "trainannot/1.png is missing.*train/1.png.*nearest there"),
    (lambda root: (root / "train/1.png").unlink(), "train/1.png is missing.*trainannot/1.png"),
    (lambda root: (root / "train.txt").unlink(), "train.txt: it is missing; .*testannot.*download.py camvid"),
    (lambda root: (root / "train.txt").write_text(" \n\n"), "train.txt is empty"),
    (lambda root: (root / "train.txt").write_text("train/0.png"), "train.txt:1: the line 'train/0.png' should name"),
    (lambda root: (root / "train/1.png").write_bytes(b"no"), "train/1.png is corrupt or no picture"),
    (lambda root: Image.new("RGB", (6, 4)).save(root / "trainannot/1.png"), "annot/1.png is .* mode RGB.*palette"),
    (lambda root: Image.new("I;16", (6, 4)).save(root / "train/1.png"), "train/1.png has more than 8 bits"),
    (other_size, "train/1.png is 4×6, but its mask .*trainannot/1.png is 5×6"),
    of=damaged,
    fixtures=["root"],
)


def with_bad_pixels(root: Path, cache: bool, damage: Callable) -> None:
    camvid(root, cache=cache).check()
    damage(root)
    camvid(root, cache=cache, image_size=4).check()  # column 4 is skipped by this size, and yet found


BAD_PIXELS = [
    (truncate, "train/1.png is corrupt or no picture: .*Trunc"),
    (change_a_bit, "trainannot/1.png is corrupt"),
    (wrong_value, "trainannot/1.png: value 12 at row 2, column 4 is no class: .* 0 to 10 .* 11 is ignored"),
    (only_background, "trainannot/0.png hold no class but 0, and 11, which is ignored"),
]
test_bad_pixels_are_found_by_check = refusals(
    *((cache, *case) for cache in (True, False) for case in BAD_PIXELS), of=with_bad_pixels, fixtures=["root"]
)


def test_a_missing_folder_says_what_belongs_there(tmp_path: Path) -> None:
    folder = re.escape(str(tmp_path / "no"))
    with pytest.raises(BadInput, match=f"the folder {folder} is missing.*train.txt.*download.py camvid"):
        camvid(tmp_path / "no")


def test_the_folder_above_is_recognised(tmp_path: Path) -> None:
    write(tmp_path / "CamVid", "train")
    with pytest.raises(BadInput, match=f"did you mean root={re.escape(str(tmp_path))}/CamVid\\?"):
        camvid(tmp_path)


test_wrong_options_are_refused = refusals(
    ("trian", "did you mean 'train'"),
    *(("train", size, "image_size") for size in (0, -3, [4], [4, 5, 6], [4, 0], True)),
    of=camvid,
    fixtures=["root"],
)


# --- the real one ----------------------------------------------------------------------------------


def real(folder: Path, split: str) -> MaskFolder:
    return dataset("camvid", root=str(folder / "camvid_half" / "CamVid"))(split=split)


@pytest.mark.parametrize("split, count", [("train", 367), ("val", 101), ("test", 233)])
def test_the_real_splits(real_data: Path, split: str, count: int) -> None:
    data = real(real_data, split)
    data.check(batch_size=8)
    assert len(data) == count
    assert set(data.stored_sizes) == {(180, 240)}
    values = np.bincount(np.stack([data[i].label for i in range(count)]).ravel())
    assert len(values) == 12 and values.min() > 0
    batch = data.finish(data.collate([data[i] for i in range(4)]))
    assert batch.image.shape == (4, 3, 180, 240) and batch.label.shape == (4, 180, 240)
    assert 0 <= batch.image.min() < 0.1 and 0.9 < batch.image.max() <= 1


def test_the_real_classes_are_in_the_order_of_their_names(real_data: Path) -> None:
    data = real(real_data, "train")
    labels = np.stack([data[i].label for i in range(len(data))])
    share = dict(zip(NAMES, np.bincount(labels.ravel(), minlength=12) / labels.size, strict=False))
    height = dict(zip(NAMES, (np.nonzero(labels == c)[1].mean() for c in range(11)), strict=True))
    assert sorted(share, key=share.get)[-3:] == ["Sky", "Building", "Road"]
    assert min(height, key=height.get) == "Sky" and max(height, key=height.get) == "Road"
    assert share["Bicyclist"] < share["Pedestrian"] < share["Pole"] < share["Car"] < share["Tree"]
    # median-frequency weights that were released with SegNet, at full size: rarer classes weigh more
    released = [0.2595, 0.1826, 4.564, 0.1417, 0.9051, 0.3826, 9.6446, 1.8418, 0.6823, 6.2478, 7.3614]
    frequency = [(labels == c).sum() / (labels == c).any((1, 2)).sum() for c in range(11)]
    assert np.corrcoef(np.log(released), np.log(np.median(frequency) / frequency))[0, 1] > 0.9
