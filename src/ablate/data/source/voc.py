"""The Pascal VOC layout: VOC 2011 and 2012, and a user's own pictures and masks."""

import os
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from ablate.data.picture.crops import BoxedObject
from ablate.data.picture.file import composed, stored_files
from ablate.data.split import Split, for_split
from ablate.data.text.file import find_path, read_lines, read_text
from ablate.errors import BadInput

SUFFIXES = (".jpg", ".jpeg", ".png")
EXPECTED = (
    "`root` should hold JPEGImages/NAME.jpg (or .png), SegmentationClass/NAME.png and "
    "ImageSets/Segmentation/{train,val}.txt with one NAME a line; `python scripts/download.py voc2012` fetches "
    "such a folder into data/VOC2012"
)


def voc(split: Split, *, root: str | None, splits: Mapping[str, str]) -> list[tuple[Path, Path]]:
    """The (picture, mask) paths of a list: of VOC, pictures of 20 kinds of objects; or of any folder of that layout.

    A line of ImageSets/Segmentation/train.txt is a name: the picture is JPEGImages/NAME.jpg, .jpeg or .png, the
    mask SegmentationClass/NAME.png, whose palette indices are the classes.

    Source: Everingham et al., The Pascal Visual Object Classes challenge: a retrospective, IJCV 111(1), 2015.

    Args:
        splits: train, val and test, each with the name of its list.

    Raises:
        BadInput: a missing or empty list. A missing picture is found later, by its path.
    """
    path = find_path(root, f"ImageSets/Segmentation/{for_split('splits', splits, split)}.txt", EXPECTED)
    folder = path.parents[2]
    files = sorted(stored_files(folder / "JPEGImages").items(), reverse=True)  # a.jpg goes before a.png
    pictures = {os.path.splitext(name)[0]: file for name, file in files if file.suffix.lower() in SUFFIXES}
    masks = stored_files(folder / "SegmentationClass")
    names = [composed(line.strip()) for _, line in read_lines(path) if line.strip()]
    picture = lambda name: pictures.get(name, folder / f"JPEGImages/{name}.jpg")  # noqa: E731
    return [(picture(name), masks.get(f"{name}.png", folder / f"SegmentationClass/{name}.png")) for name in names]


def boxes(picture: Path) -> list[BoxedObject]:
    """The objects of the picture JPEGImages/NAME.jpg: those of Annotations/NAME.xml, whose pixels are counted from 1.

    Raises:
        BadInput: a missing file, or one in another layout.
    """
    path = picture.parent.parent / "Annotations" / f"{picture.stem}.xml"
    if not path.is_file():
        raise BadInput(f"{path} is missing: crops around objects need VOC's boxes; data=voc has whole pictures")
    try:
        return [_boxed(each) for each in ET.fromstring(read_text(path)).findall("object")]
    except (ET.ParseError, ValueError, LookupError) as error:
        raise BadInput(f"{path} is not in the layout of VOC's annotations: {error}") from None


def _boxed(node: ET.Element) -> BoxedObject:
    values = {name: node.findtext(name) for name in ("name", "bndbox/ymin", "bndbox/xmin", "bndbox/ymax", "bndbox/xmax")}
    if missing := [name for name, value in values.items() if value is None]:
        raise LookupError(f"an object has no {missing[0]}")
    name, *ends = (str(value) for value in values.values())
    top, left, bottom, right = map(float, ends)
    return BoxedObject(name.strip(), (top - 1, left - 1, bottom, right))
