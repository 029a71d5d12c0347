"""Pictures that a user names: found, read one after the other, and their files made room for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ablate.data.picture.captions import resized
from ablate.data.picture.size import height_width
from ablate.errors import BadInput
from ablate.task.base import Task

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}


def find_pictures(path: Path) -> list[Path]:
    """A picture, or all of a folder."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(f"input={str(path)!r} is neither a picture nor a folder")
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise BadInput(f"input={str(path)!r} holds no picture ({', '.join(sorted(SUFFIXES))})")
    return found


def readable(paths: Iterable[Path]) -> Iterator[tuple[Path, Image.Image]]:
    """Each picture in colours; one that cannot be read is named when the others are done."""
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


def as_trained(task: Task, picture: Image.Image) -> Float[Tensor, "1 3 h w"]:
    """A batch of one, of the size that the network was trained on."""
    size = height_width("data.image_size", task.config["data"]["image_size"])
    return resized(picture, size)[None].to(task.device).float() / 255


def make_room(output: Path, pictures: Sequence[Path], what: str, targets: Callable[[Path, str], Sequence[Path]]) -> None:
    """Make the folder, where it is missing; refuse to write over anything, be it two pictures' files of one name."""
    output.mkdir(parents=True, exist_ok=True)
    names = [path.stem for path in pictures]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"two pictures are called {name!r}: their {what} would have one name; predict them apart")
        refuse_taken(output, targets(output, name))


def refuse_taken(output: Path, files: Sequence[Path]) -> None:
    """Raise BadInput for a file that is there already."""
    if taken := [path.name for path in files if path.exists()]:
        raise BadInput(f"output={str(output)!r} holds {taken[0]} already; name another folder")
