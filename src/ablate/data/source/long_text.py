"""Long texts for language modelling: one that comes with Python, and any text file."""

from importlib import import_module
from pathlib import Path

from ablate.data.text.file import find_path, read_text
from ablate.errors import BadInput


def python_help() -> str:
    """The text of Python's help() on the language, one topic after another. Versions of Python differ a little."""
    topics = import_module("pydoc_data.topics").topics
    return "\n".join(topics[name] for name in sorted(topics))


def text_file(*, root: str | None, name: str | None, encoding: str) -> str:
    """The text of the file `name` in the folder `root`; without a name, `root` is the file.

    Raises:
        BadInput: a missing or empty file, a folder instead of a file, a wrong encoding.
    """
    expected = f"`root` should hold {name}" if name else "`root` should name a text file, as `root`=book.txt"
    if root and not name and not Path(root).expanduser().exists():
        raise BadInput(f"{root} is missing; {expected}")
    path = find_path(root, name or "", expected)
    if path.is_dir():
        raise BadInput(f"{path} is a folder; {expected}")
    text = read_text(path, encoding).replace("\r\n", "\n")
    if not text.strip():
        raise BadInput(f"{path} is empty")
    return text
