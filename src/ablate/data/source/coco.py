"""Captions in the JSON layout of COCO."""

import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ablate.data.picture.captions import Captioned
from ablate.data.picture.file import composed, read_picture, stored_files
from ablate.data.split import Split, for_split
from ablate.data.text.file import find_path, read_text
from ablate.errors import BadInput

TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
EXPECTED = "`root` should hold annotations/captions_train2017.json and so on, and the pictures in train2017 and val2017"


def coco(split: Split, *, root: str | None, files: Mapping[str, str], folders: Mapping[str, str]) -> list[Captioned]:
    """Pictures in the order of the file. Each has its captions in the order of the file.

    The file is {"images": [{"id": 7, "file_name": "7.jpg"}, …], "annotations": [{"image_id": 7, "caption": "A dog runs."}, …]};
    a file name may have folders in it; other keys are not read. Captions are split into words, with inner hyphens and
    apostrophes, and punctuation marks; COCO's own code uses the PTB tokeniser.

    Source: Chen et al. 2015, "Microsoft COCO captions: data collection and evaluation server".

    Args:
        files, folders: split -> the file of its captions, and the folder of its pictures, under `root`.

    Raises:
        BadInput: a missing file or picture, a file in another layout, an annotation of an unknown picture.
    """
    path = find_path(root, for_split("files", files, split), EXPECTED)
    folder = find_path(root, for_split("folders", folders, split), EXPECTED)
    captions = read_annotations(path)
    stored = stored_files(folder)
    if missing := next((name for name in captions if composed(name) not in stored), None):
        raise BadInput(f"{path}: the picture {folder / missing} is missing")
    found = {name: stored[composed(name)] for name in captions}
    return [Captioned(str(file), partial(read_picture, file), captions[name]) for name, file in found.items()]


def read_annotations(path: Path, encoding: str = "utf-8") -> dict[str, list[str]]:
    """File name of a picture -> its captions, both in the order of the file.

    Raises:
        BadInput: a file in another layout, an annotation of an unknown picture.
    """
    try:
        whole = json.loads(read_text(path, encoding))
        names = {each["id"]: each["file_name"] for each in whole["images"]}
        captions: dict[object, list[str]] = {number: [] for number in names}
        for i, each in enumerate(whole["annotations"]):
            if each["image_id"] not in captions:
                raise BadInput(f"{path}: annotation {i} is of image {each['image_id']!r}, which is not among the images")
            captions[each["image_id"]].append(" ".join(TOKEN.findall(each["caption"])))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is not in the layout of COCO's captions: {type(error).__name__} {error}") from None
    return {names[number]: texts for number, texts in captions.items()}
