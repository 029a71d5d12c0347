"""Rows of a table of one's own: CSV, TSV, JSON or JSON lines, with the columns that a reader asks for."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from ablate.data.own.splits import Splits, split_named
from ablate.data.split import Split
from ablate.data.text.file import read_text
from ablate.errors import BadInput, did_you_mean
from ablate.schema.options import check_fields

T = TypeVar("T")
JSON = (".jsonl", ".ndjson", ".json")
SUFFIXES = (".csv", ".tsv", ".tab", ".txt", *JSON)
DELIMITERS = ("\t", ",", ";", "|")
Refuse = Callable[[BadInput], None]


class Role(NamedTuple):
    """A column that a reader wants: what the user calls it, or the names by which it is found."""

    name: str  # the reader's argument
    given: str | int | None
    known: Sequence[str]
    needed: bool = True

    def matches(self, column: str) -> bool:
        return column == str(self.given) if self.given is not None else column.strip().lower() in self.known


@dataclass(frozen=True)
class Row:
    """One row: role -> text."""

    fields: Mapping[str, str]
    location: str  # file and line

    def __getitem__(self, role: str) -> str:
        """The text of a needed column, without white space around it; BadInput where it is empty."""
        if not (text := self.fields.get(role, "").strip()):
            raise BadInput(f"{self.location}: the {role} is empty")
        return text


def stop(error: BadInput) -> None:
    """What a reader does with a fault: it ends there."""
    raise error


@dataclass(frozen=True)
class Table:
    """How tables are written.

    Args:
        encoding: of the file; a byte-order mark is no part of the text, and a line ends with LF, CRLF or CR.
        delimiter: between fields; None: a tab in .tsv, else the one of tab, comma, semicolon and | that the first line has most.
        header: the first row names the columns; None: it does where it has a name that is looked for. Else columns are 1, 2, 3 ….
        quoting: a field may stand in quotes, as the module csv has it; False: quotes are letters like others.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    header: bool | None = None
    quoting: bool = True

    def __post_init__(self) -> None:
        check_fields(self)

    def rows(self, path: Path, roles: Sequence[Role], ordered: bool = False, refuse: Refuse = stop) -> list[Row]:
        """All rows of a file.

        Args:
            ordered: in a file without a header that is known, the roles are its first columns; else it is refused.
            refuse: is given each fault; where it returns, its row is left out.

        Raises:
            BadInput: a file that cannot be read, no column for a role, a row with more or fewer fields.
        """
        found, faults = _rows(self, path, path.stat().st_mtime_ns, tuple(roles), ordered)
        for fault in faults:
            refuse(BadInput(fault))
        if not found:
            raise BadInput(f"{path} holds no row")
        return found


@lru_cache(maxsize=16)  # every split, and what finds the classes, asks for the same file
def _rows(table: Table, path: Path, changed: int, roles: tuple[Role, ...], ordered: bool) -> tuple[list[Row], list[str]]:
    text = read_text(path, table.encoding)
    if not text.strip():
        raise BadInput(f"{path} is empty")
    return (_json_rows if _ending(path) in JSON else _csv_rows)(table, path, text, roles, ordered)


def _ending(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _json_rows(table: Table, path: Path, text: str, roles: tuple[Role, ...], ordered: bool) -> tuple[list[Row], list[str]]:
    records = list(_objects(path, text))
    columns = _choose(path, list(dict.fromkeys(name for _, fields in records for name in fields)), roles, False)
    rows, faults = [], []
    for at, fields in records:
        values = {role: fields.get(name) for role, name in columns.items()}
        if odd := next((value for value in values.values() if isinstance(value, list | dict)), None):
            faults.append(f"{at}: {str(odd)[:40]!r} is a {type(odd).__name__}, not a text")
        else:
            rows.append(Row({role: "" if value is None else str(value) for role, value in values.items()}, at))
    return rows, faults


def _csv_rows(table: Table, path: Path, text: str, roles: tuple[Role, ...], ordered: bool) -> tuple[list[Row], list[str]]:
    records = list(_fields(table, path, text))
    names, body = _columns(table, path, [fields for _, fields in records], roles, ordered)
    columns = {role: names.index(name) for role, name in _choose(path, names, roles, body == 0).items()}
    rows, faults = [], []
    for at, fields in records[body:]:
        if len(fields) == len(names):
            rows.append(Row({role: fields[i] for role, i in columns.items()}, at))
        else:
            faults.append(f"{at}: {len(fields)} fields, not {len(names)} (`table.delimiter`, `table.quoting`)")
    return rows, faults


def _fields(table: Table, path: Path, text: str) -> Iterator[tuple[str, list[str]]]:
    """(location, fields) of each row that is not blank."""
    csv.field_size_limit(2**31 - 1)
    if table.delimiter is not None and len(table.delimiter) != 1:
        raise BadInput(f"`table.delimiter`={table.delimiter!r} must be one character, as ;")
    delimiter = table.delimiter or _delimiter(path, text)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if table.quoting else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    start = 1
    try:
        for fields in reader:
            if fields:
                yield f"{path}:{start}", fields
            start = reader.line_num + 1
    except csv.Error as error:
        hint = "`table.quoting`=false reads quotes as letters"
        raise BadInput(f"{path}:{start}: the quotes of this row do not close as they should ({error}): {hint}") from None


def _delimiter(path: Path, text: str) -> str:
    line = text.lstrip("\n").partition("\n")[0]
    if _ending(path) in (".tsv", ".tab"):
        return "\t"
    return max(DELIMITERS, key=lambda each: len(next(csv.reader([line], delimiter=each))))


def _objects(path: Path, text: str) -> Iterator[tuple[str, dict]]:
    """(location, object) of each line, or of each item of a list; its location is the line where the file has one a line."""
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadInput(f"{path}:{error.lineno}: no JSON: {error.msg}") from None
        pairs = [(f"{path} item {i}", item) for i, item in enumerate(items, 1)]
    else:
        pairs = [(f"{path}:{i}", line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    for at, item in pairs:
        try:
            value = json.loads(item) if isinstance(item, str) else item
        except json.JSONDecodeError as error:
            raise BadInput(f"{at}: no JSON object a line: {error.msg}") from None
        if not isinstance(value, dict):
            raise BadInput(f"{at}: {str(value)[:40]!r} is no JSON object")
        yield at, value


def _columns(table: Table, path: Path, rows: list[list[str]], roles: tuple[Role, ...], ordered: bool) -> tuple[list[str], int]:
    """The names of the columns, and the number of the first row that is data."""
    first = [name.strip() for name in rows[0]]
    named = any(role.matches(name) for role in roles for name in first)
    by_number = any(str(role.given).isdecimal() for role in roles) and not named
    if table.header or (table.header is None and named):
        return first, 1
    if table.header is None and not ordered and not by_number:
        looked_for = " or ".join(role.given and repr(role.given) or role.known[0] for role in roles if role.needed)
        raise BadInput(
            f"{path}:1: no column is called {looked_for} (its first row is {', '.join(first)[:80]}): name the columns as "
            f"{' '.join(f'`{role.name}`=COLUMN' for role in roles if role.needed)}, or `table.header`=false where it has no names"
        )
    return [str(i + 1) for i in range(len(first))], 0


def _choose(path: Path, columns: Sequence[str], roles: tuple[Role, ...], numbered: bool) -> dict[str, str]:
    """Role -> column."""
    chosen: dict[str, str] = {}
    for role in roles:
        match = next((name for name in columns if role.matches(name)), None)
        if role.given is not None and match is None:
            raise BadInput(f"{path} has no column {str(role.given)!r} (`{role.name}`){did_you_mean(role.given, columns)}")
        if match is not None:
            chosen[role.name] = match
    missing = [role for role in roles if role.needed and role.name not in chosen]
    left = [name for name in columns if name not in chosen.values()]
    if missing and (numbered and len(left) >= len(missing) or len(left) == len(missing) == 1):
        return chosen | {role.name: name for role, name in zip(missing, left, strict=False)}
    if missing:
        known, of = " or ".join(missing[0].known), ", ".join(columns)
        raise BadInput(f"{path} has no column called {known}: `{missing[0].name}`=COLUMN names it (one of: {of})")
    return chosen


def read_parts(
    table: Table,
    splits: Splits,
    roles: Sequence[Role],
    make: Callable[[Row], T],
    what: str,
    ordered: bool = False,
    refuse: Refuse = stop,
) -> dict[Split, list[T]]:
    """What `make` makes of each row, by split; a column called split says which rows are whose, where there is one.

    Args:
        what: what a file should hold, for messages.
        ordered, refuse: see `Table.rows`.
    """
    parts: dict[Split, list[T]] = {}
    for name, path in splits.files(SUFFIXES, what).items():
        for row in table.rows(path, [*roles, Role("split", None, ("split",), needed=False)], ordered, refuse):
            try:
                parts.setdefault(split_named(row.fields.get("split", "")) or name, []).append(make(row))
            except BadInput as error:
                refuse(error)
    return parts


def place(location: str) -> str:
    """The name of a row in lists: `data.csv:12`."""
    return Path(location).name
