"""A report of any Hydra sweep: runs grouped by the values of chosen overrides, without claims."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml

from ablate.ablation.judge import statistics
from ablate.ablation.judge.results import Row, metric_names, read_row, scores, tested_on_val
from ablate.ablation.judge.verdict import Estimate, estimate
from ablate.ablation.report import document
from ablate.ablation.report.cells import CellSummary, ranked, summarise
from ablate.ablation.report.curves import history
from ablate.ablation.report.format import effect, probability
from ablate.ablation.report.pictures import Pictures
from ablate.ablation.report.report import REQUEST, cells_part, curves_part, failures_part, pictures_part, write_document
from ablate.ablation.report.text import code, plain
from ablate.ablation.spec.ablation import BETTER
from ablate.ablation.spec.contrast import Contrast
from ablate.errors import BadInput, check_choice, did_you_mean
from ablate.run import folder as run_folder

OVERRIDES = ("config/overrides.yaml", ".hydra/overrides.yaml")
UNSET = "default"


def rows_from_sweep(folder: Path, by: str) -> list[Row]:
    """One row for each run below `folder`.

    The cell of a run is the value of the override `by`, or of several keys that are joined by commas. Runs whose other
    overrides agree are compared with each other: they have the same `pair` (those overrides) and `seed` (its number).
    """
    if (folder / REQUEST).exists():
        budgets = ", ".join(sorted(path.name for path in folder.glob("runs/*")))
        raise BadInput(
            f"{folder} holds an ablation's report, which --by would replace; give its runs: {folder}/runs/BUDGET ({budgets})"
        )
    runs = {path: _overrides(path) for path in _runs(folder)}
    if not runs:
        raise BadInput(f"{folder} holds no runs: no folder below it has {run_folder.STATE} or {OVERRIDES[0]}")
    keys = by.split(",")
    for key in keys:
        known = sorted({name for overrides in runs.values() for name in overrides})
        if key not in known:
            raise BadInput(f"--by {key}: no run of {folder} sets it{did_you_mean(key, known)}")
    cells = {path: ",".join(overrides.get(key, UNSET) for key in keys) for path, overrides in runs.items()}
    pairs = {p: " ".join(f"{k}={v}" for k, v in sorted(o.items()) if k not in keys) for p, o in runs.items()}
    number = _numbers(set(pairs.values()))
    return [read_row(path, cell=cells[path], seed=number[pairs[path]], pair=pairs[path]) for path in runs]


def write_sweep_report(folder: Path, rows: Sequence[Row], by: str, metric: str, better: str = "maximise") -> Path:
    """Write tables, plots, and the best cell against every other cell; returns the path of report.html."""
    check_choice("better", better, BETTER)
    if metric not in (known := metric_names(rows)):
        raise BadInput(f"--metric {metric}: no run has it{did_you_mean(metric, known)}")
    cells = ranked(summarise(rows, sorted({str(row["cell"]) for row in rows}), [metric]), metric, better)
    finished = sum(row["status"] == "finished" for row in rows)
    title, pictures = f"{folder.name} by {by}", Pictures(folder)
    parts = [
        f"# {plain(title)}",
        f"{len(rows)} runs, {finished} finished.",
        *(f"**Note:** {note}." for note in tested_on_val(rows)),
        *cells_part(pictures, rows, cells, {metric: better}),
        *_pairs_part(compare(cells, rows, metric)),
        *curves_part(pictures, rows, [history(row) for row in rows], cells, {metric: better}),
        *pictures_part(pictures, rows),
        *failures_part(rows, folder),
    ]
    write_document(folder, parts, title, pictures, rows)
    return folder / "report.html"


def compare(cells: Sequence[CellSummary], rows: Iterable[Mapping], metric: str) -> list[Estimate]:
    """The first cell minus every other cell, over the pairs that both have."""
    measured = scores(rows, metric)
    names = [cell.name for cell in cells if cell.name in measured]
    contrasts = [Contrast(f"{names[0]} − {name}", {names[0]: 1.0, name: -1.0}) for name in names[1:]]
    return [estimate(contrast, measured) for contrast in contrasts]


def _pairs_part(estimates: Sequence[Estimate]) -> list[str]:
    if not estimates:
        return []
    sides = [(statistics.p_above(e.values, 0), statistics.p_below(e.values, 0)) for e in estimates]
    corrected = statistics.holm(np.array([min(1.0, 2 * min(each)) for each in sides]))
    lines = [
        (code(e.label), effect(e), str(len(e.values)), probability(float(p))) for e, p in zip(estimates, corrected, strict=True)
    ]
    explained = (
        "Differences between runs that agree in every other override; *n* counts them, *p* is two-sided, of the paired "
        f"t test, after Holm's correction over {len(lines)} comparisons. The best cell was chosen by these very "
        "results, so its lead is somewhat overstated."
    )
    return ["## The best cell against the others", document.table(("", "difference, 95 %", "n", "p"), lines), explained]


def _runs(folder: Path) -> list[Path]:
    marks = (run_folder.STATE, *OVERRIDES)
    return sorted({path.parents[mark.count("/")] for mark in marks for path in folder.glob(f"**/{mark}")})


def _overrides(run: Path) -> dict[str, str]:
    words = run_folder.read_state(run).get("overrides")
    for name in OVERRIDES:
        if words is None and (run / name).is_file():
            words = _listed(run / name)
    if not isinstance(words, list | None):
        raise BadInput(f"{run / run_folder.STATE} holds no list of overrides")
    pairs = (str(word).lstrip("+~").partition("=") for word in words or [])
    return {key: value for key, _, value in pairs}


def _listed(path: Path) -> list:
    try:
        words = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError:
        words = None
    if not isinstance(words, list):
        raise BadInput(f"{path} is empty or cut, or holds no list of overrides")
    return words


def _numbers(pairs: set[str]) -> dict[str, int]:
    if all(pair.startswith("seed=") and pair[5:].isdigit() for pair in pairs):
        return {pair: int(pair[5:]) for pair in pairs}
    return {pair: i for i, pair in enumerate(sorted(pairs))}
