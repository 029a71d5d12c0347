"""Pictures of one's own with captions: from a table of files and captions, or from COCO's JSON."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ablate.data.own.folder import IMAGES
from ablate.data.own.rows import JSON, SUFFIXES, Refuse, Role, Table, read_parts, stop
from ablate.data.own.splits import Splits
from ablate.data.picture.captions import Captioned
from ablate.data.picture.file import composed, read_picture, stored_files
from ablate.data.source.coco import read_annotations
from ablate.data.split import Split
from ablate.data.text.file import read_text
from ablate.errors import BadInput, did_you_mean

FILES = ("file", "file_name", "filename", "image", "picture", "path", "image_path", "file_path", "img", "photo")
CAPTIONS = ("caption", "captions", "text", "sentence", "description", "comment")
NUMBER = re.compile(r"#\d+$")  # of a caption, as Flickr8k has it: a.jpg#2
COCO = re.compile(r'\s*\{\s*"(images|annotations|info|licenses|categories)"')
WHAT = "a TSV, CSV or JSON lines file with the file of a picture and a caption a row, or COCO's JSON"


def captions(
    split: Split,
    *,
    file: str | int | None,
    caption: str | int | None,
    images: str | None,
    table: Table,
    splits: Splits,
    refuse: Refuse = stop,
) -> Sequence[Captioned]:
    """The pictures of a split in the order of the file, each with all its captions.

    Args:
        file, caption: columns; None: those that are called so, or the first two.
        images: the folder of the pictures; None: that of the table, or a folder images in it.

    Raises:
        BadInput: what `Table` and `Splits` refuse; a missing picture, an empty caption.
    """
    files = splits.files(SUFFIXES, WHAT)
    if all(_is_coco(path, table.encoding) for path in files.values()):
        pairs = {
            name: [(each, text, str(path)) for each, texts in read_annotations(path, table.encoding).items() for text in texts]
            for name, path in files.items()
        }
    else:
        roles = [Role("file", file, FILES), Role("caption", caption, CAPTIONS)]
        make = lambda row: (row["file"], row["caption"], row.location)  # noqa: E731
        pairs = read_parts(table, splits, roles, make, WHAT, ordered=True, refuse=refuse)
    album = Album(files["train"].parent, images)
    parts = {name: _grouped(album, rows, refuse) for name, rows in pairs.items()}
    return splits.choose(split, parts, lambda picture: picture.name.removeprefix(f"{album.folder}/"))


class Album:
    """The pictures of a folder, by the names that a table gives them.

    Args:
        beside: the folder of the table.
        images: the folder of the pictures; None: the table's, or one in it that is called images.
    """

    def __init__(self, beside: Path, images: str | None) -> None:
        inside = {path.name.lower(): path for path in beside.iterdir() if path.is_dir()}
        self.folder = beside if images is None else Path(images).expanduser()
        if not self.folder.is_dir():
            raise BadInput(f"the folder {self.folder} is missing (`images`)")
        self.stored: Mapping[str, Path] = stored_files(self.folder)
        self.within = [f"{inside[name].name}/" for name in IMAGES if name in inside] if images is None else []

    def path(self, name: str, location: str) -> Path:
        """The file of a picture; BadInput, with the location that names it, where it is missing."""
        for each in (name, NUMBER.sub("", name)):
            for start in ("", *self.within):
                if (path := self.stored.get(composed(f"{start}{each}".replace("\\", "/").removeprefix("./")))) is not None:
                    return path
        near = did_you_mean(name, self.stored).split(" (one of")[0]
        raise BadInput(f"{location}: the picture {self.folder / name} is missing{near} (`images`=FOLDER names another)")


def _grouped(album: Album, rows: Sequence[tuple[str, str, str]], refuse: Refuse) -> list[Captioned]:
    found: dict[Path, list[str]] = {}
    for name, caption, location in rows:
        try:
            found.setdefault(album.path(name, location), []).append(caption)
        except BadInput as error:
            refuse(error)
    return [Captioned(str(path), partial(read_picture, path), texts) for path, texts in found.items()]


def _is_coco(path: Path, encoding: str) -> bool:
    return path.suffix.lower() in JSON and COCO.match(read_text(path, encoding)) is not None
