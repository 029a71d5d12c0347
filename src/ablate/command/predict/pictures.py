"""Pictures that a user names, and the files that are written for them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from ablate.errors import BadInput

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}


def find_pictures(path: Path) -> list[Path]:
    """The picture at `path`, or all pictures of that folder."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(f"input={str(path)!r} is neither a picture nor a folder")
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise BadInput(f"input={str(path)!r} holds no picture ({', '.join(sorted(SUFFIXES))})")
    return found


def readable(paths: Iterable[Path]) -> Iterator[tuple[Path, Image.Image]]:
    """Each picture as RGB; after the last one, BadInput names those that cannot be read."""
    unreadable = []
    for path in paths:
        try:
            picture = Image.open(path).convert("RGB")
        except Exception:  # what Pillow raises depends on the format and on where the damage is
            unreadable.append(str(path))
            continue
        yield path, picture
    if unreadable:
        raise BadInput(f"not a readable picture: {', '.join(unreadable)}")


def make_room(output: Path, pictures: Sequence[Path], what: str, targets: Callable[[Path, str], Sequence[Path]]) -> None:
    """Make the folder `output`; raise BadInput where a file would be written over, or two pictures have the same name."""
    output.mkdir(parents=True, exist_ok=True)
    names = [path.stem for path in pictures]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"two pictures are called {name!r}: their {what} would have one name; predict them apart")
        refuse_taken(output, targets(output, name))


def refuse_taken(output: Path, files: Sequence[Path]) -> None:
    """Raise BadInput for a file that exists already."""
    if taken := [path.name for path in files if path.exists()]:
        raise BadInput(f"output={str(output)!r} holds {taken[0]} already; name another folder")
