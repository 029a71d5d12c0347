"""Files: where the project lies, and writing that a reader, or a kill, never finds half done."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ablate.errors import BadInput

SOURCE = Path(__file__).resolve().parent
INSTALLED = (SOURCE / "conf").is_dir()  # by `pip install .`, which puts conf/ and scripts/ into the package
ROOT = SOURCE if INSTALLED else SOURCE.parents[1]
CONF, SCRIPTS = ROOT / "conf", ROOT / "scripts"
PART = ".part"  # the end of the name of a file that is being written
PLUGINS = {"hydra/launcher": {"basic", "joblib"}, "hydra/sweeper": {"basic", "optuna"}}  # options that are no file of conf


def script_words(name: str) -> list[str]:
    """The words that a user types to start a script: `python scripts/train.py`, or `ablate train` where it is installed."""
    return ["ablate", name] if INSTALLED else ["python", f"scripts/{name}.py"]


def options(group: str) -> list[str]:
    """Names of the options of a config group, such as model/decoder."""
    names = {path.stem for path in (CONF / group).glob("*.yaml")}
    return sorted(names | PLUGINS.get(group, set()))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` in the end: a reader, or a kill, never finds a half.

    Where writing fails, as on a full disk, nothing is left of it.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with part.open("wb") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write so that a reader, or a kill, finds the old file or the new one and never a half; in UTF-8.

    Half a surrogate pair, which UTF-8 cannot have, becomes its code.
    """
    with replacing(path) as file:
        file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)


def write_json(path: Path, value: object, indent: int | None = 1) -> None:
    """Plain JSON, atomically."""
    write_atomically(path, json.dumps(value, indent=indent) + "\n")


def read_json(path: Path) -> dict:
    """The object in a JSON file; empty where there is no file.

    Raises:
        BadInput: the file is empty, cut, or holds something else.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadInput(f"{path} is empty or cut, or holds no JSON object")
    return value


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a file or folder lies in a folder, by where links lead."""
    return path.resolve().is_relative_to(folder.resolve())
