"""CamVid and Pascal VOC, and with them what every folder of pictures and masks has in common."""

import json
import math
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import trained_run
from PIL import ExifTags, Image
from refusals import refusals
from sequence_data import config, dataset
from torch.utils.data import DataLoader

from ablate.data.picture.file import read_picture
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


def save_turned(picture: Image.Image, path: Path, orientation: int, turn: Image.Transpose) -> None:
    """A file that shows this picture where its EXIF orientation is heeded."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture.transpose(turn).save(path, exif=exif)


@pytest.mark.parametrize(
    "turned", [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90), (5, Image.Transpose.TRANSPOSE)], ids=str
)
def test_pictures_and_masks_are_upright(root: Path, turned: tuple) -> None:
    expected = camvid(root)[1]
    save_turned(Image.open(root / "train/1.png"), root / "train/1.png", *turned)
    assert (camvid(root)[1].image == expected.image).all()
    save_turned(Image.open(root / "trainannot/1.png"), root / "trainannot/1.png", *turned)
    data = camvid(root)
    assert (data[1].label == expected.label).all() and data.stored_sizes == [(4, 6)] * 3


def grey_png(label: np.ndarray, bits: int) -> bytes:
    """A PNG of one grey channel of so many bits, whose rows fill whole bytes: Pillow writes none."""
    packed = np.packbits((label[..., None] >> np.arange(bits)[::-1] & 1).reshape(len(label), -1), axis=1)
    head = struct.pack(">IIBBBBB", label.shape[1], len(label), bits, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in packed))
    chunks = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_masks_of_few_bits_hold_their_classes(root: Path, bits: int) -> None:
    label = np.random.default_rng(0).integers(0, min(11, 2**bits), (4, 8), dtype=np.uint8)
    (root / "trainannot/1.png").write_bytes(grey_png(label, bits))
    Image.new("RGB", (8, 4)).save(root / "train/1.png")
    assert (camvid(root)[1].label == label).all() and (camvid(root, image_size=[4, 8])[1].label == label).all()


def test_names_are_found_however_their_letters_are_composed(root: Path) -> None:
    for folder in ("train", "trainannot"):
        (root / folder / "0.png").rename(root / folder / unicodedata.normalize("NFD", "Größe.png"))
    (root / "train.txt").write_text(unicodedata.normalize("NFC", "train/Größe.png trainannot/Größe.png"))
    assert len(camvid(root)[0].label) == 4


def test_what_no_picture_may_be(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("I;16", (6, 4)).save(root / "deep.png")
    with pytest.raises(BadInput, match="deep.png has more than 8 bits a channel .*save it as 8-bit"):
        read_picture(root / "deep.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(BadInput, match="train/0.png is too large: Pillow reads up to 0 megapixels"):
        camvid(root)


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


# --- the layout of Pascal VOC ------------------------------------------------------------------------

SIZES = {"2007_000001": (5, 7), "b": (5, 7), "a picture": (9, 4)}


def palette_mask(label: np.ndarray) -> Image.Image:
    mask = Image.fromarray(label)
    mask.putpalette(np.random.default_rng(0).integers(0, 256, 768, dtype=np.uint8).tobytes())
    assert mask.mode == "P"
    return mask


def voc_labels(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(size[0]).choice(np.array([0, 1, 20, 255], dtype=np.uint8), size)


@pytest.fixture
def voc_root(tmp_path: Path) -> Path:
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (tmp_path / folder).mkdir(parents=True)
    for (name, size), suffix in zip(SIZES.items(), (".jpg", ".png", ".JPEG"), strict=True):
        Image.new("RGB", size[::-1], (10, 200, 30)).save(tmp_path / "JPEGImages" / f"{name}{suffix}")
        palette_mask(voc_labels(size)).save(tmp_path / "SegmentationClass" / f"{name}.png")
    for split, names in {"train": list(SIZES), "val": ["b"]}.items():
        (tmp_path / "ImageSets/Segmentation" / f"{split}.txt").write_bytes("\r\n".join(names).encode())
    return tmp_path


def voc(root: Path, split: str = "train", **overrides: object) -> MaskFolder:
    """As the config makes it."""
    return dataset("voc", root=str(root), **overrides)(split=split)


def test_classes_are_palette_indices_and_pictures_of_any_suffix_are_found(voc_root: Path) -> None:
    data = voc(voc_root, image_size=None)
    data.check()
    for i, size in enumerate(SIZES.values()):
        assert (data[i].label == voc_labels(size)).all()
        np.testing.assert_allclose(data[i].image.mean((1, 2)), [10, 200, 30], atol=3)


def test_a_jpg_goes_before_a_png_of_the_same_name(voc_root: Path) -> None:
    Image.new("RGB", (7, 5)).save(voc_root / "JPEGImages" / "b.jpg")
    assert voc(voc_root, "val").pairs[0][0].name == "b.jpg"


def test_hidden_files_and_composed_names(voc_root: Path) -> None:
    for folder, suffix in (("JPEGImages", "png"), ("SegmentationClass", "png")):
        (voc_root / folder / f"b.{suffix}").rename(voc_root / folder / unicodedata.normalize("NFD", f"Größe.{suffix}"))
        (voc_root / folder / "._Größe.jpg").write_bytes(b"of macOS")
    (voc_root / "ImageSets/Segmentation/val.txt").write_text("Größe")
    voc(voc_root, "val").check()


def test_grey_masks_are_read_too(voc_root: Path) -> None:
    Image.fromarray(voc_labels((5, 7))).save(voc_root / "SegmentationClass" / "b.png")
    assert (voc(voc_root, "val", image_size=None)[0].label == voc_labels((5, 7))).all()


def test_everything_comes_in_the_configured_size(voc_root: Path) -> None:
    data = voc(voc_root)
    data.check(batch_size=8)
    batch = data.finish(data.collate([data[i] for i in range(3)]))
    assert batch.image.shape == (3, 3, 256, 256)
    assert batch.label.unique().tolist() == [0, 1, 20, 255]


def test_sizes_that_differ_need_an_image_size_or_batches_of_one(voc_root: Path) -> None:
    data = voc(voc_root, image_size=None)
    data.check(batch_size=1)
    message = r"2007_000001.jpg is 5×7 and .*a picture.JPEG is 9×4: .*image_size=\[5,7\], or batch_size=1"
    with pytest.raises(BadInput, match=message):
        data.check(batch_size=2)
    with pytest.raises(BadInput, match=message):
        data.collate([data[0], data[2]])
    assert data.collate([data[0], data[1]]).image.shape == (2, 3, 5, 7)
    assert data.collate([data[2]]).image.shape == (1, 3, 9, 4)


def test_the_test_split_is_the_validation_list_unless_another_is_named(voc_root: Path) -> None:
    assert [len(voc(voc_root, split)) for split in ("train", "val", "test")] == [3, 1, 1]
    (voc_root / "ImageSets/Segmentation/mine.txt").write_text("b\n\n2007_000001\n")
    assert len(voc(voc_root, "test", dataset__read__splits={"test": "mine"})) == 2


def test_a_folder_with_classes_of_ones_own(voc_root: Path) -> None:
    for name, size in SIZES.items():
        palette_mask(voc_labels(size) % 4).save(voc_root / "SegmentationClass" / f"{name}.png")  # 0, 1 and 3
    voc(voc_root, class_names=["a", "b", "c", "d"], num_classes=4).check()
    with pytest.raises(BadInput, match="value 3 at .* they go from 0 to 2 .*, and 255 is ignored"):
        voc(voc_root, class_names=["a", "b", "c"], num_classes=3).check()


def with_voc_file(root: Path, path: str, content: Image.Image | str) -> None:
    """The validation split, checked, with one file changed."""
    content.save(root / path) if isinstance(content, Image.Image) else (root / path).write_text(content)
    voc(root, "val").check()


MASK = "SegmentationClass/b.png"
OF_VOID = Image.fromarray(np.where(voc_labels((5, 7)) > 0, 255, 0).astype(np.uint8))
COLOURED = Image.new("RGB", (7, 5))
test_what_says_what_to_do = refusals(
    (MASK, COLOURED, r"b.png is a mask of mode RGB: save it with one channel .*class indices"),
    (MASK, OF_VOID, "no class but 0, and 255, which is ignored .*save a second class as 1"),
    ("ImageSets/Segmentation/val.txt", "2007_000002\n", r"JPEGImages/2007_000002.jpg is missing.*nearest there: 2007_000001.jpg"),
    of=with_voc_file,
    fixtures=["voc_root"],
)


def test_255_may_be_a_class(voc_root: Path) -> None:
    OF_VOID.save(voc_root / MASK)
    voc(voc_root, "val", ignore_index=None, class_names=["c"] * 256).check()
    with pytest.raises(BadInput, match="value 255 at .* from 0 to 20 .*, and no value is ignored"):
        voc(voc_root, "val", ignore_index=None).check()


@pytest.mark.slow
def test_a_run_without_a_label_of_void(voc_root: Path, tmp_path: Path) -> None:
    words = ["data=voc", f"data.root={voc_root}", "data.ignore_index=null", "data.num_classes=256", "data.image_size=16"]
    words += [f"data.class_names=[{','.join(f'c{i}' for i in range(256))}]", "augmentation=standard", "augmentation.scale=[1,1.5]"]
    folder = trained_run(tmp_path, *words, "model.encoder.depth=2", "debug=fast")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert math.isfinite(metrics["test/iou/c255"]) and (folder / "panel.png").exists()


def test_a_missing_folder_of_voc_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Segmentation/train.txt: the folder .*no is missing; .*SegmentationClass"):
        voc(tmp_path / "no")


def test_the_config_of_voc_is_consistent() -> None:
    data = config("voc")
    assert data.num_classes == len(data.class_names) == len(data.palette) == 21
    for index, colour in enumerate(data.palette):  # VOC's own rule: bits 0, 1, 2 of the index are the high bits
        bits = [(index >> bit) & 1 for bit in range(6)]
        assert list(colour) == [128 * bits[c] + 64 * bits[c + 3] for c in range(3)]


# --- the real CamVid ----------------------------------------------------------------------------------


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
