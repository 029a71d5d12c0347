"""The Pascal VOC layout; what it shares with CamVid is tested there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from refusals import refusals
from sequence_data import config, dataset

from ablate.data.picture.masks import MaskFolder
from ablate.errors import BadInput

SIZES = {"2007_000001": (5, 7), "b": (5, 7), "a picture": (9, 4)}


def palette_mask(label: np.ndarray) -> Image.Image:
    mask = Image.fromarray(label)
    mask.putpalette(np.random.default_rng(0).integers(0, 256, 768, dtype=np.uint8).tobytes())
    assert mask.mode == "P"
    return mask


def labels(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(size[0]).choice(np.array([0, 1, 20, 255], dtype=np.uint8), size)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (tmp_path / folder).mkdir(parents=True)
    for (name, size), suffix in zip(SIZES.items(), (".jpg", ".png", ".JPEG"), strict=True):
        Image.new("RGB", size[::-1], (10, 200, 30)).save(tmp_path / "JPEGImages" / f"{name}{suffix}")
        palette_mask(labels(size)).save(tmp_path / "SegmentationClass" / f"{name}.png")
    for split, names in {"train": list(SIZES), "val": ["b"]}.items():
        (tmp_path / "ImageSets/Segmentation" / f"{split}.txt").write_bytes("\r\n".join(names).encode())
    return tmp_path


def voc(root: Path, split: str = "train", **overrides: object) -> MaskFolder:
    """As the config makes it."""
    return dataset("voc", root=str(root), **overrides)(split=split)


def test_classes_are_palette_indices_and_pictures_of_any_suffix_are_found(root: Path) -> None:
    data = voc(root, image_size=None)
    data.check()
    for i, size in enumerate(SIZES.values()):
        assert (data[i].label == labels(size)).all()
        np.testing.assert_allclose(data[i].image.mean((1, 2)), [10, 200, 30], atol=3)


def test_a_jpg_goes_before_a_png_of_the_same_name(root: Path) -> None:
    Image.new("RGB", (7, 5)).save(root / "JPEGImages" / "b.jpg")
    assert voc(root, "val").pairs[0][0].name == "b.jpg"


def test_grey_masks_are_read_too(root: Path) -> None:
    Image.fromarray(labels((5, 7))).save(root / "SegmentationClass" / "b.png")
    assert (voc(root, "val", image_size=None)[0].label == labels((5, 7))).all()


def test_everything_comes_in_the_configured_size(root: Path) -> None:
    data = voc(root)
    data.check(batch_size=8)
    batch = data.finish(data.collate([data[i] for i in range(3)]))
    assert batch.image.shape == (3, 3, 256, 256)
    assert batch.label.unique().tolist() == [0, 1, 20, 255]


def test_sizes_that_differ_need_an_image_size_or_batches_of_one(root: Path) -> None:
    data = voc(root, image_size=None)
    data.check(batch_size=1)
    message = r"2007_000001.jpg is 5×7 and .*a picture.JPEG is 9×4: .*image_size=\[5,7\], or batch_size=1"
    with pytest.raises(BadInput, match=message):
        data.check(batch_size=2)
    with pytest.raises(BadInput, match=message):
        data.collate([data[0], data[2]])
    assert data.collate([data[0], data[1]]).image.shape == (2, 3, 5, 7)
    assert data.collate([data[2]]).image.shape == (1, 3, 9, 4)


def test_the_test_split_is_the_validation_list_unless_another_is_named(root: Path) -> None:
    assert [len(voc(root, split)) for split in ("train", "val", "test")] == [3, 1, 1]
    (root / "ImageSets/Segmentation/mine.txt").write_text("b\n\n2007_000001\n")
    assert len(voc(root, "test", dataset__read__splits={"test": "mine"})) == 2


def test_a_folder_with_classes_of_ones_own(root: Path) -> None:
    for name, size in SIZES.items():
        palette_mask(labels(size) % 4).save(root / "SegmentationClass" / f"{name}.png")  # 0, 1 and 3
    voc(root, class_names=["a", "b", "c", "d"], num_classes=4).check()
    with pytest.raises(BadInput, match="value 3 at .* they go from 0 to 2 .*, and 255 is ignored"):
        voc(root, class_names=["a", "b", "c"], num_classes=3).check()


def with_file(root: Path, path: str, content: Image.Image | str) -> None:
    """The validation split, checked, with one file changed."""
    content.save(root / path) if isinstance(content, Image.Image) else (root / path).write_text(content)
    voc(root, "val").check()


MASK = "SegmentationClass/b.png"
VOID = Image.fromarray(np.where(labels((5, 7)) > 0, 255, 0).astype(np.uint8))
COLOURED = Image.new("RGB", (7, 5))
test_what_says_what_to_do = refusals(
    (MASK, COLOURED, r"b.png is a mask of mode RGB: save it with one channel .*class indices"),
    (MASK, VOID, "no class but 0, and 255, which is ignored .*save a second class as 1"),
    ("ImageSets/Segmentation/val.txt", "2007_000002\n", r"JPEGImages/2007_000002.jpg is missing.*nearest there: 2007_000001.jpg"),
    of=with_file,
    fixtures=["root"],
)


def test_255_may_be_a_class(root: Path) -> None:
    VOID.save(root / MASK)
    voc(root, "val", ignore_index=-100, class_names=["c"] * 256).check()


def test_a_missing_folder_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Segmentation/train.txt: the folder .*no is missing; .*SegmentationClass"):
        voc(tmp_path / "no")


def test_the_config_is_consistent() -> None:
    data = config("voc")
    assert data.num_classes == len(data.class_names) == len(data.palette) == 21
    for index, colour in enumerate(data.palette):  # VOC's own rule: bits 0, 1, 2 of the index are the high bits
        bits = [(index >> bit) & 1 for bit in range(6)]
        assert list(colour) == [128 * bits[c] + 64 * bits[c + 3] for c in range(3)]
