"""Text files: found under a root folder, decoded, and read line by line. What is wrong with one is said in a line."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from ablate.errors import BadInput


def find_path(root: str | Path | None, name: str, expected: str) -> Path:
    """The path of the file or folder `name` under `root`.

    Raises:
        BadInput: `root` is None, or holds no `name`. The message says where `name` seems to be instead, or else `expected`,
            which is a sentence on what `root` should hold.
    """
    if root is None:
        raise BadInput(f"`root` is not set; {expected}")
    root = Path(root).expanduser()
    if (root / name).exists():
        return root / name
    elsewhere = next(root.glob(f"*/{name}"), None) or next(root.glob(f"*/*/{name}"), None)
    if elsewhere:
        expected = f"did you mean `root`={str(elsewhere)[: -len(name) - 1]}?"
    raise BadInput(f"{root / name}: {'it' if root.is_dir() else f'the folder {root}'} is missing; {expected}")


def read_text(path: Path, encoding: str = "utf-8-sig") -> str:
    """The whole text of a file, decompressed if its name ends in .gz; its lines end in a newline, whatever ends them in the file.

    Raises:
        BadInput: the file cannot be read or decompressed, is not in this encoding, or the encoding is unknown.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding)
        return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}:{line}: byte {error.start} is no {error.encoding}: say which `encoding` it is, as cp1252") from None
    except LookupError:
        raise BadInput(f"`encoding`={encoding!r} is unknown, as utf-8 and iso-8859-1 are not") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(f"{path} is corrupt or no gzip file: {error}") from None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None


def read_lines(path: Path, encoding: str = "utf-8-sig") -> Iterator[tuple[str, str]]:
    """(location, line) of every line up to the last one with text. A location reads `file:12`.

    Raises:
        BadInput: what `read_text` refuses; a file without text.
    """
    text = read_text(path, encoding).rstrip()
    if not text:
        raise BadInput(f"{path} is empty")
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines, which also breaks at \x85 and \u2028
        yield f"{path}:{number}", line


def read_filled_lines(path: Path, encoding: str = "utf-8-sig") -> Iterator[tuple[str, str]]:
    """(location, line) of every line, without the white space around it.

    Raises:
        BadInput: what `read_lines` refuses; a blank line.
    """
    for location, line in read_lines(path, encoding):
        if not (line := line.strip()):
            raise BadInput(f"{location}: an empty line")
        yield location, line
