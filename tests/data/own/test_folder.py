"""Pictures and masks as people have them: whatever the format, the labels are the same, or a line says what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import evaluated, trained_run
from PIL import ExifTags, Image
from refusals import refusals
from sequence_data import config, dataset

from ablate.data.own.folder import OwnMasks
from ablate.data.own.splits import Splits
from ablate.errors import BadInput

SIZE = (12, 16)
COLOURS = {"000000": "ground", "ff0000": "car", "00ff40": "tree"}
GREYS = {0: "ground", 100: "car", 255: "tree"}


def label(i: int) -> np.ndarray:
    """Three classes in blocks that survive JPEG."""
    return np.random.default_rng(i).integers(0, 3, (3, 4)).repeat(4, 0).repeat(4, 1).astype(np.uint8)


def picture(i: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(i).integers(0, 256, (*SIZE, 3), np.uint8))


def grey(of: np.ndarray) -> Image.Image:
    return Image.fromarray(np.array([*GREYS], np.uint8)[of])


def coloured(of: np.ndarray) -> Image.Image:
    return Image.fromarray(np.array([[*bytes.fromhex(each)] for each in COLOURS], np.uint8)[of])


def with_palette(of: np.ndarray) -> Image.Image:
    mask = Image.fromarray(of, mode="P")
    mask.putpalette(b"".join(map(bytes.fromhex, COLOURS)))
    return mask


def transparent(of: np.ndarray) -> Image.Image:
    pixels = np.array(coloured(of).convert("RGBA"))
    pixels[of == 0] = [9, 9, 9, 0]
    return Image.fromarray(pixels)


def write(root: Path, count: int = 10, mask: Callable = grey, ending: str = "png", **options: object) -> Path:
    for i in range(count):
        for name, made, suffix in (("images", picture(i), "jpg"), ("masks", mask(label(i)), ending)):
            (root / name).mkdir(parents=True, exist_ok=True)
            made.save(root / name / f"a{i}.{suffix}", **(options if name == "masks" else {}))
    return root


def data(root: Path | None, split: str = "train", **options: object) -> OwnMasks:
    options = {"image_size": None, **options, **({} if root is None else {"root": str(root)})}
    made = dataset("folder", **options)(split=split)
    made.check()
    return made


def names(root: Path | None, split: str = "train", **options: object) -> list[str]:
    return [pair[0].stem for pair in data(root, split, **options).pairs]


@pytest.mark.parametrize(
    "mask, ending, labels, options",
    [
        (grey, "png", GREYS, {}),
        (grey, "png", None, {}),
        (grey, "gif", GREYS, {}),
        (lambda of: grey(of).convert("RGB"), "bmp", GREYS, {}),
        (lambda of: grey(of).convert("LA"), "png", None, {}),
        (grey, "jpg", GREYS, {"quality": 85}),
        (lambda of: Image.fromarray(of.astype(np.uint16) * 30000), "tif", {0: "ground", 30000: "car", 60000: "tree"}, {}),
        (Image.fromarray, "png", ["ground", "car", "tree"], {"bits": 2}),
        (with_palette, "png", ["ground", "car", "tree"], {}),
        (with_palette, "png", COLOURS, {}),
        (coloured, "webp", COLOURS, {"lossless": True}),
        (transparent, "png", {0: "ground", **{key: COLOURS[key] for key in ("ff0000", "00ff40")}}, {}),
    ],
)
def test_labels_are_the_same_in_whatever_format(tmp_path, mask, ending, labels, options):
    made = data(write(tmp_path, mask=mask, ending=ending, **options), labels=labels, tolerance=20 if ending == "jpg" else 0)
    assert len(made) == 6 and made.inferred_config()["num_classes"] == 3
    for i, (image, drawn) in enumerate(made.pairs):
        assert (made[i].label == label(int(drawn.stem[1:]))).all()
        assert (made[i].image == np.asarray(Image.open(image)).transpose(2, 0, 1)).all()


def test_masks_of_one_bit_are_0_and_255(tmp_path):
    write(tmp_path, mask=lambda of: Image.fromarray(of > 0))
    for labels in (None, {0: "ground", 255: "cell"}, {0: "ground", 1: "cell"}):
        made = data(tmp_path, labels=labels, dataset__cache=False)
        assert (made[0].label == (label(int(made.pairs[0][1].stem[1:])) > 0)).all()
    assert data(tmp_path).labels.names == ["0", "255"]


def test_two_values_are_one_class_and_one_is_none(tmp_path):
    made = data(write(tmp_path), labels={0: "thing", 100: "thing", 255: "other"})
    assert made.labels.names == ["thing", "other"] and set(np.unique(made[0].label)) == {0, 1}
    assert set(np.unique(data(tmp_path, labels={0: None, 100: "thing", 255: "other"})[0].label)) == {0, 1, 255}
    assert data(tmp_path, class_names=["a", "b", "c"]).inferred_config()["labels"] == {"0": "a", "100": "b", "255": "c"}
    (tmp_path / "labels.txt").write_text("0 ground\n100 old car\n255\n")
    assert data(tmp_path, labels=str(tmp_path / "labels.txt")).labels.names == ["ground", "old car"]


def test_splits_are_folders_or_lists_or_drawn_and_written_down(tmp_path):
    whole = write(tmp_path / "whole")
    drawn = {split: names(whole, split) for split in ("train", "val", "test")}
    assert [len(drawn[split]) for split in drawn] == [6, 2, 2] and len({*sum(drawn.values(), [])}) == 10
    assert names(whole, split_seed=1) != drawn["train"] == data(whole).drawn
    assert names(whole, "test", fractions=[0.8, 0.2, 0]) == names(whole, "val", fractions=[0.8, 0.2, 0])
    write(tmp_path / "parts/train", 3)
    write(tmp_path / "parts/validation", 2)
    assert names(tmp_path / "parts", "test") == ["a0", "a1"] and not data(tmp_path / "parts", "test").drawn
    apart = {"images": str(whole / "images"), "masks": str(whole / "masks")}
    for split, listed in {"train": "a1\na2.jpg\n", "val": "a3\n"}.items():
        (whole / f"{split}.txt").write_text(listed)
    assert [names(whole, split) for split in ("train", "val", "test")] == [["a1", "a2"], ["a3"], ["a3"]]
    assert len(names(None, **apart)) == 6 and names(None, **apart, lists=str(whole)) == ["a1", "a2"]


def test_pictures_of_many_bits_transparent_turned_and_with_suffixes(tmp_path):
    write(tmp_path, 4)
    deep = (np.arange(np.prod(SIZE)).reshape(SIZE) * 20).astype(np.uint16)
    for name in [path.stem for path in (tmp_path / "images").iterdir()]:
        (tmp_path / f"images/{name}.jpg").unlink()
        Image.fromarray(deep).save(tmp_path / f"images/{name}.tif")
        (tmp_path / f"masks/{name}.png").rename(tmp_path / f"masks/{name}_mask.png")
    with pytest.raises(BadInput, match="more than 8 bits a channel, up to 3820: data.white=VALUE|white=VALUE"):
        data(tmp_path, mask_suffix="_mask")
    image = data(tmp_path, mask_suffix="_mask", white=4000)[0].image
    assert (image == np.rint(deep * (255 / 4000)).astype(np.uint8)).all()
    for path in (tmp_path / "images").iterdir():
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        Image.new("RGB", SIZE, (200, 0, 0)).save(path.with_suffix(".jpg"), exif=exif)  # stored on its side
        path.unlink()
    assert data(tmp_path, mask_suffix="_mask")[0].image.shape == (3, *SIZE)


def broken(root: Path, change: Callable, **options: object) -> None:
    change(write(root))
    for split in ("train", "val", "test"):
        data(root, split, **options)


def pages(root: Path) -> None:
    Image.new("L", SIZE[::-1]).save(root / "images/a0.tif", save_all=True, append_images=[Image.new("L", SIZE[::-1])])
    (root / "images/a0.jpg").unlink()


def seen_through(root: Path) -> None:
    (root / "images/a0.jpg").unlink()
    Image.new("RGBA", SIZE[::-1], (1, 2, 3, 128)).save(root / "images/a0.png")


test_what_does_not_fit_is_one_line = refusals(
    (lambda root: (root / "masks/a3.png").unlink(), "images/a3.jpg has no mask called a3 in "),
    (lambda root: (root / "masks/a3.png").rename(root / "masks/a3_m.png"), "a3_m.png is there: mask_suffix=_m"),
    (lambda root: (root / "images/a3.jpg").unlink(), "masks/a3.png is a mask without a picture"),
    (
        lambda root: (root / "masks").rename(root / "drawn"),
        "holds drawn, images; it should hold a folder images and",
    ),
    (lambda root: grey(label(0)[:4]).save(root / "masks/a3.png"), "images/a3.jpg is 12×16, but its mask .*a3.png is 4×16"),
    (
        lambda root: None,
        {"labels": {0: "a", 101: "b", 255: "c"}},
        "value 100; tolerance=1 would count it as 101 .b.",
    ),
    (lambda root: None, {"labels": {"x": "a"}}, "labels: the key 'x' must be a grey level"),
    (lambda root: coloured(label(0)).save(root / "masks/a3.png"), {"labels": GREYS}, "a3.png has the colour .* name colours"),
    (lambda root: None, {"class_names": ["a", "b"]}, "class_names has 2 names, but the masks hold the values 0, 100, 255"),
    (lambda root: picture(0).convert("L").save(root / "masks/a3.png"), "different values, more than 64"),
    (lambda root: Splits(None, [0.5, 0.5, 0.5], 0), "must sum to 1"),
    (pages, {"labels": GREYS}, "a0.tif has 2 pages: save each"),
    (seen_through, "a0.png has transparent pixels"),
    of=broken,
    fixtures=["tmp_path"],
)


def test_the_real_camvid_in_colours(real_data, tmp_path):
    known, colours = dataset("camvid", root=str(real_data / "camvid_half/CamVid"))(split="val"), config("camvid").palette
    palette = np.full((256, 3), 255, np.uint8)
    palette[:11] = colours
    for i in range(6):
        for folder, path in zip(("photos", "gt"), known.pairs[i * 16], strict=True):
            (tmp_path / folder).mkdir(exist_ok=True)
            made = Image.open(path)
            (Image.fromarray(palette[np.asarray(made)]) if folder == "gt" else made).save(tmp_path / folder / f"{i}.png")
    labels = {bytes(c).hex(): name for c, name in zip(colours, config("camvid").class_names, strict=True)} | {"ffffff": None}
    made = data(tmp_path, labels=labels)
    assert made.inferred_config()["palette"] == [list(each) for each in colours]
    for i, (_, path) in enumerate(made.pairs):
        expected = known[int(path.stem) * 16].label
        assert (made[i].label == np.where(expected == 11, 255, expected)).all()


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["null", "{0: ground, 100: car, 255: tree}"])
def test_a_run_keeps_the_classes_and_says_that_val_is_the_test(tmp_path, labels):
    root = write(tmp_path / "mine")
    words = ["experiment=folder", "debug=fast", "data.image_size=16", "model.encoder.depth=2", "model.encoder.width=4"]
    run = trained_run(tmp_path, *words, f"data.root={root}", "data.fractions=[0.8,0.2,0]", f"data.labels={labels}")
    assert (run / "splits/val.txt").read_text().split() == names(root, "val", fractions=[0.8, 0.2, 0])
    assert json.loads((run / "metrics.json").read_text())["test_split"] == "val"
    assert json.loads((run / "run.json").read_text())["test_split"] == "val" and (run / "panel.png").exists()
    (tmp_path / "again").mkdir()
    other = write(tmp_path / "other", mask=lambda of: grey(np.where(of == 1, 2, of)))  # one class less
    metrics = evaluated(tmp_path / "again", run / "checkpoints/best.ckpt", f"data.root={other}")
    first, missing, last = ("0", "100", "255") if labels == "null" else ("ground", "car", "tree")
    assert {f"test/iou/{name}" for name in (first, missing, last)} <= {*metrics} and not metrics[f"test/iou/{missing}"] > 0
