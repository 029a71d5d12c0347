"""Results as rows, one for each run: `cell, seed, status, overrides, folder, …`, and a column for every metric."""

import csv
import io
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from math import isfinite
from pathlib import Path

from ablate.errors import BadInput
from ablate.files import read_json, write_atomically
from ablate.run import folder as run_folder

Row = dict[str, object]
LABELS = ("stage", "budget", "registration", "cell", "seed", "status", "hash", "code")
PREDICTED_CLASSES = "predicted_classes"  # in the test; 1: the network says the same of everything
MAJORITY = "majority/"  # before a metric: its value for a predictor that knows the majority class alone
TEST_SPLIT = "test_split"  # the split that stands for the test, where a run has no test of its own
FACTS = ("seconds", "peak_memory_mb", "commit", "device", "date", TEST_SPLIT, PREDICTED_CLASSES)
LEADING = (*LABELS, *FACTS)
NUMBERS = ("seconds", "peak_memory_mb")
COST = ("cost/parameters", "cost/multiply_adds")
TEXT = {*LABELS, "commit", "device", "date", TEST_SPLIT, "overrides", "folder", "error", "pair"} - {"seed"}
TRAILING = ("error", "overrides", "folder")


def read_row(folder: Path, **labels: object) -> Row:
    """The row of the run in `folder`, from run.json and metrics.json; `labels` (cell, seed, hash) replace what they hold."""
    state, metrics = run_folder.read_state(folder), read_json(folder / run_folder.METRICS)
    facts = {name: state[name] for name in (*FACTS, "error") if name in state}
    if "started" in state:
        facts["date"] = datetime.fromtimestamp(state["started"]).strftime("%Y-%m-%d")
    cost = {f"cost/{name}": state[name] for name in ("parameters", "multiply_adds") if name in state}
    cost |= {f"{MAJORITY}{tag}": value for tag, value in state.get("majority", {}).items()}
    defaults = {"status": state.get("status", "finished" if metrics else "absent"), "overrides": state.get("overrides", [])}
    return {**defaults, **facts, **cost, **metrics, "folder": str(folder), **labels}


def scores(rows: Iterable[Mapping], metric: str, worst: float | None = None) -> dict[str, dict[int, float]]:
    """Maps each cell and seed to the value of a metric, for finished runs.

    Args:
        worst: stands for a value that is missing or not finite. None: such a run is left out.
    """
    by_cell: dict[str, dict[int, float]] = {}
    for row in rows:
        value = row.get(metric)
        usable = isinstance(value, int | float) and isfinite(value)
        if row.get("status") == "finished" and (usable or worst is not None):
            by_cell.setdefault(str(row["cell"]), {})[int(row["seed"])] = float(value if usable else worst)
    return by_cell


def tested_on_val(rows: Iterable[Mapping]) -> list[str]:
    """The note of a report on runs without a test split of their own; none where all have one."""
    without = sum(row.get(TEST_SPLIT) == "val" for row in rows)
    said = f"in {without} runs test is the validation split, which also chose the checkpoints: scores are optimistic"
    return [said] if without else []


def metric_names(rows: Iterable[Mapping]) -> list[str]:
    """The names of all columns with numbers that are neither labels nor costs."""
    known = {*LEADING, *COST, *TEXT}
    names = {k: None for row in rows for k, v in row.items() if k not in known and isinstance(v, int | float)}
    return [name for name in names if not name.startswith(MAJORITY)]


def write_csv(path: Path, rows: Sequence[Mapping], folder: Path) -> None:
    """Write one line for each run; paths are relative to `folder`, overrides are words of a shell."""
    names = dict.fromkeys(k for row in rows for k in row)
    middle = [k for k in names if k not in (*LEADING, *COST, *TRAILING)]
    columns = [k for k in (*LEADING, *COST, *middle, *TRAILING) if k in names]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        words = {"overrides": _words(row["overrides"])} if "overrides" in row else {}
        writer.writerow({**row, **words, **({"folder": _inside(row, folder)} if "folder" in row else {})})
    write_atomically(path, text.getvalue())


def read_csv(path: Path) -> list[Row]:
    """Read the rows that `write_csv` wrote; paths are relative to the working directory again.

    Raises:
        BadInput: the file is empty, or ends within a line, or is none of these.
    """
    try:
        text = path.read_bytes().decode()
        heads, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
        rows = [_row(heads, line) for line in lines] if text.endswith("\n") and len({*heads}) == len(heads) else []
    except (ValueError, csv.Error):
        rows = []
    if not rows:
        raise BadInput(f"{path} is empty or cut, or holds no results of runs")
    for row in rows:
        if "folder" in row:
            row["folder"] = str(path.parent / str(row["folder"]))
    return rows


def _row(heads: Sequence[str], line: Sequence[str]) -> Row:
    """One row; ValueError for a line that is none."""
    row: Row = {k: _value(k, v) for k, v in zip(heads, line, strict=True) if v}
    numbers = [row[name] for name in (*NUMBERS, *COST) if name in row]
    if not {"cell", "seed", "status"} <= {*row} or not isinstance(row["seed"], int) or any(isinstance(n, str) for n in numbers):
        raise ValueError(line)
    return {**row, "overrides": shlex.split(str(row.get("overrides", "")))}


def _value(column: str, text: str) -> object:
    if column in TEXT:
        return text
    for number in (int, float):
        with suppress(ValueError):
            return number(text)
    return text


def _words(overrides: str | Collection[str]) -> str:
    return overrides if isinstance(overrides, str) else shlex.join(overrides)


def _inside(row: Mapping, folder: Path) -> str:
    if not row.get("folder"):
        return ""
    path, folder = Path(str(row["folder"])).absolute(), folder.absolute()
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
