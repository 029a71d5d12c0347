"""Files: where the project lies, and writing that a reader, or a kill, never finds half done."""

import json
import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
ROOT = SOURCE.parents[1]
CONF = ROOT / "conf"
LAUNCHERS = {"basic", "joblib"}  # options of a config group that plugins of Hydra bring along


def options(group: str) -> list[str]:
    """Names of the options of a config group, such as model/decoder."""
    names = {path.stem for path in (CONF / group).glob("*.yaml")}
    return sorted(names | LAUNCHERS if group == "hydra/launcher" else names)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write so that a reader, or a kill, finds the old file or the new one and never a half."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    os.replace(part, path)


def write_json(path: Path, value: object, indent: int | None = 1) -> None:
    """Plain JSON, atomically."""
    write_atomically(path, json.dumps(value, indent=indent) + "\n")
