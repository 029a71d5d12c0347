"""Text files: found or missed in one line, read in a stated encoding, each line with its place."""

from collections.abc import Iterator
from pathlib import Path

from ablate.errors import BadInput


def find(root: str | Path | None, name: str, expected: str) -> Path:
    """The file or folder `name` under `root`; `expected` says what `root` should hold."""
    if root is None:
        raise BadInput(f"`root` is not set; {expected}")
    root = Path(root).expanduser()
    if not (root / name).exists():
        raise missing(root, name, expected)
    return root / name


def missing(root: Path, name: str, expected: str) -> BadInput:
    """The line for a file or folder that is not there: where it seems to be instead, or what `root` should hold."""
    elsewhere = next(root.glob(f"*/{name}"), None) or next(root.glob(f"*/*/{name}"), None)
    if elsewhere:
        expected = f"did you mean `root`={str(elsewhere)[: -len(name) - 1]}?"
    return BadInput(f"{root / name}: {'it' if root.is_dir() else f'the folder {root}'} is missing; {expected}")


def read_text(path: Path, encoding: str = "utf-8-sig") -> str:
    """All of a file."""
    try:
        return path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is no {error.encoding}") from None
    except LookupError:
        raise BadInput(f"`encoding`={encoding!r} is unknown, as utf-8 and iso-8859-1 are not") from None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None


def numbered(path: Path, encoding: str = "utf-8-sig") -> Iterator[tuple[str, str]]:
    """(place, line) of every line, the blank ones after the last text left out; a place reads `file:12`."""
    text = read_text(path, encoding).replace("\r\n", "\n").rstrip()
    if not text:
        raise BadInput(f"{path} is empty")
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines, which also breaks at \x85 and \u2028
        yield f"{path}:{number}", line


def lines(path: Path, encoding: str = "utf-8-sig") -> Iterator[tuple[str, str]]:
    """(place, line), stripped; no line may be blank."""
    for place, line in numbered(path, encoding):
        if not (line := line.strip()):
            raise BadInput(f"{place}: an empty line")
        yield place, line
