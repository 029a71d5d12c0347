"""CamVid in the layout of the SegNet tutorial: street scenes from a car, with 11 classes."""

from pathlib import Path

from ablate.data.picture.file import composed, stored_files
from ablate.data.split import Split
from ablate.data.text.file import find_path, read_filled_lines
from ablate.errors import BadInput

EXPECTED = (
    "`root` should hold train.txt, val.txt, test.txt and the folders train, trainannot, val, valannot, test, "
    "testannot, which `python scripts/download.py camvid` fetches into data/CamVid"
)


def camvid(split: Split, *, root: str | None) -> list[tuple[Path, Path]]:
    """The (picture, mask) paths of 367 pictures for training, 101 for validation and 233 for the test, of 360×480 pixels.

    A line of train.txt names a picture and its mask, as paths of which the last two parts count:
    `/SegNet/CamVid/train/0001TP_006690.png /SegNet/CamVid/trainannot/0001TP_006690.png`.

    Source: Brostow, Fauqueur, Cipolla, Semantic object classes in video, Pattern Recognition Letters 30(2), 2009;
    split and classes of Badrinarayanan, Kendall, Cipolla, SegNet, TPAMI 2017, section 4.1.

    Raises:
        BadInput: a missing or empty list, a line that is not two paths.
    """
    path = find_path(root, f"{split}.txt", EXPECTED)
    stored, pairs = stored_files(path.parent), []
    for location, line in read_filled_lines(path):
        if len(words := line.split()) != 2:
            raise BadInput(f"{location}: the line {line!r} should name a picture and its mask")
        places = [Path(*Path(word).parts[-2:]) for word in words]
        image, mask = (stored.get(composed(place.as_posix()), path.parent / place) for place in places)
        pairs.append((image, mask))
    return pairs
