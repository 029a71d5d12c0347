"""Texts of one's own that are to become other texts: from a table, or from two files side by side."""

from collections.abc import Sequence
from pathlib import Path

from ablate.data.own.rows import Refuse, Role, Table, place, read_parts, stop
from ablate.data.own.splits import Splits, files_of_splits
from ablate.data.split import Split
from ablate.data.text.file import read_lines
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput

SOURCES = ("source", "src", "input", "from", "question")
TARGETS = ("target", "tgt", "trg", "output", "to", "translation", "answer")


def pairs(
    split: Split, *, source: str | int | None, target: str | int | None, table: Table, splits: Splits, refuse: Refuse = stop
) -> Sequence[Pair]:
    """A source text and a target text a row, or line i of one file and line i of another.

    Equal sources come into one split where they are drawn.

    Args:
        source, target: of a table, their columns; None: those that are called so, or the first two. In a folder with train.de and
            train.en, de and en. Without `splits.root` two files.

    Raises:
        BadInput: what `Table` and `Splits` refuse; files of different lengths, an empty line.
    """
    if (files := _sides(splits.root, source, target)) is not None:
        parts = {name: _side_by_side(*both, table.encoding, refuse) for name, both in files.items()}
    else:
        roles = [Role("source", source, SOURCES), Role("target", target, TARGETS)]
        make = lambda row: Pair(row["source"], row["target"], row.location)  # noqa: E731
        what = "a TSV, CSV or JSON lines file with a source and a target a row"
        parts = read_parts(table, splits, roles, make, what, ordered=True, refuse=refuse)
    return splits.choose(split, parts, lambda pair: place(pair.location), lambda pair: pair.source)


def _sides(root: str | None, source: str | int | None, target: str | int | None) -> dict[Split, tuple[Path, Path]] | None:
    """The files of both sides of each split; None where there is a table."""
    if source is None or target is None:
        return None
    if root is None:
        return {"train": (Path(str(source)).expanduser(), Path(str(target)).expanduser())}
    folder = Path(root).expanduser()
    sides = [files_of_splits(folder, (f".{side}",)) for side in (source, target)] if folder.is_dir() else [{}]
    if not any(sides):
        return None
    if sides[0].keys() != sides[1].keys() or "train" not in sides[0]:
        names = " and ".join(", ".join(path.name for path in side.values()) or "none" for side in sides)
        raise BadInput(f"{folder} should hold train.{source} and train.{target}, and each split for both; there are {names}")
    return {name: (path, sides[1][name]) for name, path in sides[0].items()}


def _side_by_side(source: Path, target: Path, encoding: str, refuse: Refuse) -> list[Pair]:
    one, other = (list(read_lines(path, encoding)) for path in (source, target))
    if len(one) != len(other):
        raise BadInput(f"{one[-1][0]} is the last line of one side, {other[-1][0]} of the other; they should be as many")
    found = []
    for (location, text), (there, translation) in zip(one, other, strict=True):
        if empty := next((at for at, line in ((location, text), (there, translation)) if not line.strip()), None):
            refuse(BadInput(f"{empty}: an empty line, whose partner is not"))
        else:
            found.append(Pair(text.strip(), translation.strip(), location))
    return found
