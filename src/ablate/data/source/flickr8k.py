"""Flickr8k: photographs of people and animals, with five captions each."""

from functools import partial
from pathlib import Path

from ablate.data.picture.captions import Captioned
from ablate.data.picture.file import composed, read_picture, stored_files
from ablate.data.split import Split
from ablate.data.text.file import find_path, read_filled_lines
from ablate.errors import BadInput
from ablate.schema.options import checked

LISTS = {"train": "Flickr_8k.trainImages.txt", "val": "Flickr_8k.devImages.txt", "test": "Flickr_8k.testImages.txt"}
EXPECTED = "`root` should hold Flickr8k_text/Flickr8k.token.txt with its lists, and the pictures in Flicker8k_Dataset"


@checked
def flickr8k(split: Split, *, root: str | None) -> list[Captioned]:
    """6,000, 1,000 and 1,000 pictures in the order of the official lists. Captions are tokens, with capitals.

    Lists such as Flickr8k_text/Flickr_8k.trainImages.txt name one picture of Flicker8k_Dataset a line; pictures in no list are
    left out, and so is 2258277193_586949ec62.jpg.1, which has captions and no picture.

    Source: Hodosh, Young, Hockenmaier 2013, "Framing image description as a ranking task", JAIR 47.

    Raises:
        BadInput: a missing file or picture, a picture without captions, a line of another form.
    """
    listed = find_path(root, f"Flickr8k_text/{LISTS[split]}", EXPECTED)
    captions = _captions(find_path(root, "Flickr8k_text/Flickr8k.token.txt", EXPECTED))
    folder = find_path(root, "Flicker8k_Dataset", EXPECTED)
    stored = stored_files(folder)
    pictures = []
    for location, name in read_filled_lines(listed):
        if (file := stored.get(composed(name))) is None:
            raise BadInput(f"{location}: the picture {folder / name} is missing")
        if name not in captions:
            raise BadInput(f"{location}: {name} is a picture without captions")
        pictures.append(Captioned(str(file), partial(read_picture, file), captions[name]))
    return pictures


def _captions(path: Path) -> dict[str, list[str]]:
    """Picture -> its captions. A line is `NAME.jpg#2 TAB A dog runs .`"""
    captions: dict[str, list[str]] = {}
    for location, line in read_filled_lines(path):
        key, _, caption = line.partition("\t")
        name, mark, number = key.rpartition("#")
        if not mark or not number.isdecimal():
            raise BadInput(f"{location}: {line[:60]!r} should be a picture, # and a number, a tab and a caption")
        if not caption.strip():
            raise BadInput(f"{location}: an empty caption")
        captions.setdefault(name, []).append(caption)
    return captions
