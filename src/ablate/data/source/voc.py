"""The Pascal VOC layout: VOC 2011 and 2012, and a user's own pictures and masks."""

from collections.abc import Sequence
from pathlib import Path

from ablate.data.picture.file import read_list
from ablate.data.picture.masks import MaskFolder
from ablate.errors import check_choice

SUFFIXES = (".jpg", ".jpeg", ".png")
EXPECTED = (
    "`root` should hold JPEGImages/NAME.jpg (or .png), SegmentationClass/NAME.png and "
    "ImageSets/Segmentation/{train,val}.txt with one NAME a line; `python scripts/download.py voc2012` fetches "
    "such a folder into data/VOC2012"
)


class VOC(MaskFolder):
    """Pictures of 20 kinds of objects and background; or any folder of that layout, with its own class names.

    A line of ImageSets/Segmentation/train.txt is a name: the picture is JPEGImages/NAME.jpg, .jpeg or .png, the
    mask SegmentationClass/NAME.png, whose palette indices are the classes.

    Source: Everingham et al., The Pascal Visual Object Classes challenge: a retrospective, IJCV 111(1), 2015.

    Args, and errors beside a missing list: those of `MaskFolder`; `root` is the folder, and `splits` says which
    list serves as train, val and test.
    """

    def __init__(
        self,
        split: str,
        *,
        root: str,
        image_size: int | Sequence[int] | None,
        class_names: Sequence[str],
        ignore_index: int,
        cache: bool,
        splits: dict[str, str],
    ) -> None:
        pairs = list_pairs(Path(root).expanduser(), splits[check_choice("split", split, splits)])
        super().__init__(pairs, image_size=image_size, class_names=class_names, ignore_index=ignore_index, cache=cache)


def list_pairs(root: Path, name: str) -> list[tuple[Path, Path]]:
    """The (picture, mask) paths of the list ImageSets/Segmentation/`name`.txt."""
    names = read_list(root, f"ImageSets/Segmentation/{name}.txt", EXPECTED)
    files = sorted(path for path in root.glob("JPEGImages/*") if path.suffix.lower() in SUFFIXES)
    pictures = {path.stem: path for path in reversed(files)}  # a.jpg before a.png
    masks = root / "SegmentationClass"
    return [(pictures.get(n, root / "JPEGImages" / f"{n}.jpg"), masks / f"{n}.png") for n in names]
