"""Pascal VOC by its layout, from a tiny folder: whole pictures, crops around annotated objects, and a training."""

from pathlib import Path

import numpy as np
import pytest
from commands import trained_run
from PIL import Image
from refusals import refusals
from sequence_data import dataset

PERSON, DOG, VOID = 15, 12, 255
BOXES = {"a": [("dog", 3, 5, 10, 20), ("person", 12, 2, 20, 9)], "b": [("person", 1, 1, 16, 24)], "c": []}  # from 1: y, x, y, x
SIZES = {"a": (20, 30), "b": (16, 24), "c": (12, 12)}
XML = "<annotation><object><name>{0}</name><part><name>head</name></part><bndbox><xmax>{4}</xmax><xmin>{2}</xmin>\
<ymin>{1}</ymin><ymax>{3}</ymax></bndbox></object></annotation>"


def mask_of(name):
    """Each object fills its box but for a void border of a pixel; another person reaches into the dog's box."""
    label = np.zeros(SIZES[name], np.uint8)
    for kind, top, left, bottom, right in BOXES[name]:
        label[top - 1 : bottom, left - 1 : right] = VOID
        label[top : bottom - 1, left : right - 1] = PERSON if kind == "person" else DOG
    if name == "a":
        label[4:6, 6:8] = PERSON
    return label


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation", "Annotations"):
        (tmp_path / folder).mkdir(parents=True)
    for name, size in SIZES.items():
        pixels = np.random.default_rng(size[0]).integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"JPEGImages/{name}.png")
        Image.fromarray(mask_of(name)).save(tmp_path / f"SegmentationClass/{name}.png")
        text = "".join(XML.format(*each) for each in BOXES[name]).replace("</annotation><annotation>", "") or "<annotation/>"
        (tmp_path / f"Annotations/{name}.xml").write_text(text)
    for split, names in {"train": "abc", "val": "ab"}.items():
        (tmp_path / f"ImageSets/Segmentation/{split}.txt").write_text("\n".join(names))
    return tmp_path


def crops(root, split="train", **options):
    changed = {f"dataset__{name}": options.pop(name) for name in ("crops", "enlarge", "only_object") if name in options}
    return dataset("voc_crops", root=str(root), **{"image_size": [40, 40], **options}, **changed)(split=split)


def test_every_annotated_object_is_a_sample_and_other_splits_are_whole(root):
    data = crops(root)
    data.check(batch_size=4)
    assert len(data) == 3 and [path.stem for path, _ in data.pairs] == ["a", "a", "b"]
    batch = data.finish(data.collate([data[i] for i in range(3)]))
    assert batch.image.shape == (3, 3, 40, 40) and batch.index.tolist() == [0, 1, 2]
    assert [sorted(set(label.unique().tolist())) for label in batch.label] == [[0, DOG, VOID], [0, PERSON, VOID], [PERSON, VOID]]
    whole, plain = crops(root, "val"), dataset("voc", root=str(root), image_size=[40, 40])(split="val")
    assert len(whole) == len(plain) == 2 and all((whole[i].label == plain[i].label).all() for i in range(2))
    assert len(crops(root, crops=False)) == 3


def test_a_crop_is_the_enlarged_box_as_far_as_it_lies_in_the_picture(root):
    """The person of "a": rows 12 to 20 of 20, columns 2 to 9; enlarged by 1.3 from 9.65 to 20 and from 0 to 10.2."""
    data = crops(root, enlarge=1.3)
    ends = (0.0, 9.65, 10.2, 20.0)
    alone = np.where(np.isin(mask_of("a"), (PERSON, VOID)), mask_of("a"), 0)
    alone[4:6, 6:8] = 0  # which lies outside this person's box
    wanted = Image.fromarray(alone).resize((40, 40), Image.Resampling.NEAREST, box=ends)
    assert (data[1].label == np.asarray(wanted)).all()
    picture = Image.open(root / "JPEGImages/a.png").resize((40, 40), Image.Resampling.BILINEAR, box=ends)
    assert np.abs(data[1].image.astype(int) - np.asarray(picture).transpose(2, 0, 1)).max() <= 1
    assert PERSON not in data[0].label and PERSON in crops(root, only_object=False)[0].label


def with_file(root, path, content, **options):
    if content is None:
        (root / path).unlink()
    else:
        (root / path).write_text(content)
    crops(root, **options)


DOG_XML = "Annotations/a.xml"
test_bad_boxes_are_one_line = refusals(
    (DOG_XML, None, "a.xml is missing: crops around objects need VOC's boxes; data=voc has whole pictures"),
    (DOG_XML, "<annotation>", "a.xml is not in the layout of VOC's annotations: no element found"),
    (DOG_XML, "<annotation><object><name>dog</name></object></annotation>", "an object has no bndbox/ymin"),
    (DOG_XML, XML.format("dog", 1, "two", 3, 4), "not in the layout of VOC's annotations: could not convert.*'two'"),
    (DOG_XML, XML.format("dgo", 1, 2, 3, 4), "the class of an object.*dgo.*did you mean 'dog'"),
    (DOG_XML, XML.format("dog", 1, 2, 21, 4), r"a.png is 20×30, and the box of an object \(dog\) is \[0.0, 1.0, 21.0, 4.0\]"),
    (DOG_XML, XML.format("dog", 1, 2, 3, 4), {"image_size": None}, "image_size=None: crops around objects differ in size"),
    of=with_file,
    fixtures=["root"],
)


@pytest.mark.slow
@pytest.mark.parametrize("data", ["voc", "voc_crops"])
def test_a_folder_in_vocs_layout_trains(root, data):
    small = ["model.encoder.width=4", "model.encoder.depth=2", "trainer.max_epochs=1", "data.image_size=[32,40]", "logger=none"]
    assert (trained_run(root, f"data={data}", f"data.root={root}", "data.batch_size=2", *small) / "metrics.json").is_file()
