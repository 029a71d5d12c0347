"""CamVid in the layout of the SegNet tutorial."""

from collections.abc import Sequence
from pathlib import Path

from ablate.data.picture.file import read_list
from ablate.data.picture.masks import MaskFolder
from ablate.errors import BadInput, check_choice

SPLITS = ("train", "val", "test")
EXPECTED = (
    "`root` should hold train.txt, val.txt, test.txt and the folders train, trainannot, val, valannot, test, "
    "testannot, which `python scripts/download.py camvid` fetches into data/CamVid"
)


class CamVid(MaskFolder):
    """Street scenes, 11 classes, 367 for training, 101 for validation, 233 for the test, 360×480 pixels.

    A line of train.txt names a picture and its mask, as paths of which the last two parts count:
    `/SegNet/CamVid/train/0001TP_006690.png /SegNet/CamVid/trainannot/0001TP_006690.png`.

    Source: Brostow, Fauqueur, Cipolla, Semantic object classes in video, Pattern Recognition Letters 30(2), 2009;
    split and classes of Badrinarayanan, Kendall, Cipolla, SegNet, TPAMI 2017, section 4.1.

    Args, and errors beside a missing or malformed list: those of `MaskFolder`; `root` is the folder.
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
    ) -> None:
        pairs = list_pairs(Path(root).expanduser(), check_choice("split", split, SPLITS))
        super().__init__(pairs, image_size=image_size, class_names=class_names, ignore_index=ignore_index, cache=cache)


def list_pairs(root: Path, split: str) -> list[tuple[Path, Path]]:
    """The (picture, mask) paths of a split."""
    pairs = []
    for line in read_list(root, f"{split}.txt", EXPECTED):
        if len(words := line.split()) != 2:
            raise BadInput(f"{root / split}.txt: the line {line!r} should name a picture and its mask")
        image, mask = (root.joinpath(*Path(word).parts[-2:]) for word in words)
        pairs.append((image, mask))
    return pairs
