"""Results as rows, one a run: `cell, seed, status, overrides, folder, …`, and every metric under its own name."""

import csv
import io
import json
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path

from ablate.files import write_atomically
from ablate.run import folder as run_folder

Row = dict[str, object]
LEADING = ("cell", "seed", "status", "hash", "seconds", "peak_memory_mb", "commit", "device")
COST = ("cost/parameters", "cost/multiply_adds")
TEXT = {"cell", "status", "hash", "commit", "device", "overrides", "folder", "error", "pair"}
TRAILING = ("error", "overrides", "folder")


def row_of(folder: Path, **labels: object) -> Row:
    """The row of the run in `folder` from its run.json and metrics.json; `labels` (cell, seed, hash) come first."""
    state, metrics = run_folder.read_state(folder), {}
    if (folder / run_folder.METRICS).exists():
        metrics = json.loads((folder / run_folder.METRICS).read_text())
    facts = {name: state[name] for name in ("seconds", "peak_memory_mb", "commit", "device", "error") if name in state}
    cost = {f"cost/{name}": state[name] for name in ("parameters", "multiply_adds") if name in state}
    given = {"status": state.get("status", "finished" if metrics else "absent"), "overrides": state.get("overrides", [])}
    return {**given, **facts, **cost, **metrics, "folder": str(folder), **labels}


def scores(rows: Iterable[Mapping], metric: str) -> dict[str, dict[int, float]]:
    """By cell and seed the finite values of a metric in finished runs."""
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        value = row.get(metric)
        if row.get("status") == "finished" and isinstance(value, int | float) and isfinite(value):
            found.setdefault(str(row["cell"]), {})[int(row["seed"])] = float(value)
    return found


def metric_names(rows: Iterable[Mapping]) -> list[str]:
    """Columns that hold numbers and are neither labels nor costs."""
    known = {*LEADING, *COST, *TEXT}
    names = {k: None for row in rows for k, v in row.items() if k not in known and isinstance(v, int | float)}
    return list(names)


def write_csv(path: Path, rows: Sequence[Mapping], folder: Path) -> None:
    """A line a run; folders are written as seen from `folder`, overrides as words of a shell."""
    names = dict.fromkeys(k for row in rows for k in row)
    middle = [k for k in names if k not in (*LEADING, *COST, *TRAILING)]
    columns = [k for k in (*LEADING, *COST, *middle, *TRAILING) if k in names]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "overrides": _words(row.get("overrides", "")), "folder": _inside(row, folder)})
    write_atomically(path, text.getvalue())


def read_csv(path: Path) -> list[Row]:
    """The rows that `write_csv` wrote; a folder is one from here again."""
    with path.open(newline="") as file:
        rows: list[Row] = [{k: _value(k, v) for k, v in row.items() if v != ""} for row in csv.DictReader(file)]
    for row in rows:
        row["overrides"] = shlex.split(str(row.get("overrides", "")))
        if "folder" in row:
            row["folder"] = str(path.parent / str(row["folder"]))
    return rows


def _value(column: str, text: str) -> object:
    if column in TEXT:
        return text
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def _words(overrides: str | Collection[str]) -> str:
    return overrides if isinstance(overrides, str) else shlex.join(overrides)


def _inside(row: Mapping, folder: Path) -> str:
    if not row.get("folder"):
        return ""
    path, folder = Path(str(row["folder"])).absolute(), folder.absolute()
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
