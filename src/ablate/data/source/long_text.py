"""Long texts for language modelling: one that comes with Python, and any text file."""

from importlib import import_module
from pathlib import Path

from ablate.data.text.file import read_text
from ablate.errors import BadInput


def python_help() -> str:
    """The text of Python's help() on the language, one topic after another. Versions of Python differ a little."""
    topics = import_module("pydoc_data.topics").topics
    return "\n".join(topics[name] for name in sorted(topics))


def text_file(*, root: str | None, encoding: str) -> str:
    """The text of the file `root`.

    Raises:
        BadInput: a missing or empty file, a folder instead of a file, a wrong encoding.
    """
    path = Path(root or "").expanduser()
    if root is None or not path.is_file():
        fault = "`root` is not set" if root is None else f"{path} is a folder" if path.is_dir() else f"{path} is missing"
        raise BadInput(f"{fault}; `root` should name a text file, as `root`=book.txt")
    text = read_text(path, encoding)
    if not text.strip():
        raise BadInput(f"{path} is empty")
    return text
