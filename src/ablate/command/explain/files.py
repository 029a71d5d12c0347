"""What explanations are written into."""

import json
from collections.abc import Sequence
from pathlib import Path

from ablate.command.explain.targets import Target

ARRAY, OVERLAY = ".npy", ".png"  # how the names of files end


def note(output: Path, **facts: object) -> None:
    """Append a line to explanations.jsonl."""
    with (output / "explanations.jsonl").open("a", encoding="utf-8", errors="replace") as file:
        file.write(json.dumps(facts, ensure_ascii=False) + "\n")


def endings(targets: Sequence[Target]) -> list[str]:
    """The targets as parts of names of files: with a number, where several have the same name."""
    names = ["".join(letter if letter.isalnum() else "-" for letter in each.name) for each in targets]
    return [name if names.count(name) == 1 else f"{name}{names[:i].count(name) + 1}" for i, name in enumerate(names)]
