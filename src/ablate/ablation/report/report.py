"""Writes the report of an ablation into its folder: results.csv, report.md, report.html, figures/."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from ablate.ablation.judge.published import Answer
from ablate.ablation.judge.results import Row, read_csv, scores, tested_on_val, write_csv
from ablate.ablation.judge.verdict import Outcome, judge
from ablate.ablation.report import document
from ablate.ablation.report.cells import CellSummary, constant_runs, majority, ranked, summarise
from ablate.ablation.report.claims_figure import plot_claims
from ablate.ablation.report.curves import Curve, bands, history, plot_curves
from ablate.ablation.report.effect_curves import effect_curves, plot_effect_curves, validation_tag
from ablate.ablation.report.figure import plot_points
from ablate.ablation.report.html import page
from ablate.ablation.report.interactive import explore_curves, explore_effects, explore_points
from ablate.ablation.report.pictures import Pictures
from ablate.ablation.report.text import plain
from ablate.ablation.spec.ablation import Ablation
from ablate.ablation.spec.read import load
from ablate.errors import BadInput
from ablate.files import read_json, write_atomically, write_json
from ablate.schema.options import Positive, Range, check_values

RESULTS, TEXT, PAGE, REQUEST, PANEL = "results.csv", "report.md", "report.html", "report.json", "panel.png"
MOST_CURVES = 24
KINDS = {  # of what report.json holds
    "ablation": dict, "budget": str, "until_decided": bool, "registration": str, "runs": Positive, "origin": dict[str, Any],
    "tuned": dict[str, list[str]] | None, "notes": list[str],
}  # fmt: skip
ORIGIN = {"versions": dict, "started": Annotated[float, Range(0, 1e11)]}


def write_report(
    folder: Path,
    answer: Answer,
    origin: Mapping[str, object],
    tuned: Mapping[str, Sequence[str]] | None = None,
    notes: Iterable[str] = (),
) -> list[Outcome]:
    """Judge the claims and write the report; an earlier one is replaced.

    Args:
        answer: its rows are one for each planned run, finished or not (see results.read_row); a run that never began may be
            left out.
        origin: command, commit, versions and machine, as `provenance` returns them.
        tuned: the overrides that were chosen for each cell.
        notes: lines at the head.
    """
    ablation, rows, notes = answer.ablation, answer.rows, [note for note in notes if note]
    outcomes = judge(ablation, rows, answer.design)
    cells, curves = summarise(rows, list(ablation.cells), ablation.metrics), [history(row) for row in rows]
    request = {"ablation": ablation.file, "budget": answer.budget, "until_decided": answer.until_decided}
    request |= {"registration": answer.registration, "runs": len(rows), "origin": dict(origin), "tuned": tuned, "notes": notes}
    pictures = Pictures(folder)
    parts = [
        *_head(answer, outcomes, notes),
        *claims_part(pictures, outcomes, constant_runs(rows)),
        "## Design",
        document.design(answer),
        *tuned_part(tuned),
        *cells_part(pictures, rows, cells, ablation.metrics),
        *effects_part(pictures, ablation, rows, curves),
        *curves_part(pictures, rows, curves, cells, ablation.metrics),
        *pictures_part(pictures, rows),
        *failures_part(rows, folder),
        "## Run it again",
        document.reproduction(rows, origin),
        document.preparation(ablation.prepare),
    ]
    write_document(folder, parts, f"{ablation.name}: {ablation.question}", pictures, rows)
    write_json(folder / REQUEST, request)
    return outcomes


def rewrite_report(folder: Path) -> tuple[Answer, list[Outcome]]:
    """Write the report once more from results.csv and report.json, without running anything."""
    answer, request = read_report(folder)
    return answer, write_report(folder, answer, request["origin"], request["tuned"], request["notes"])


def read_report(folder: Path) -> tuple[Answer, dict]:
    """The results that the report in `folder` was made from, and its report.json.

    Raises:
        BadInput: a file is missing, empty or cut; or the results were registered for other claims.
    """
    for name in (REQUEST, RESULTS):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} holds no report of an ablation: there is no {name}; for a sweep, add --by KEY")
    try:
        file, words = _request(read_json(folder / REQUEST))
    except (BadInput, KeyError):
        again = "what ran is kept, so reproduce.py writes it anew in a moment"
        raise BadInput(f"{folder / REQUEST} is empty or cut, or of another version of this project; {again}") from None
    rows = read_csv(folder / RESULTS)
    if len(rows) < words["runs"]:
        raise BadInput(f"{folder / RESULTS} is cut: it has {len(rows)} of {words['runs']} runs")
    answer = Answer(load(file, words["budget"]), words["budget"], bool(words["until_decided"]), rows)
    if strangers := {str(row["cell"]) for row in rows} - {*answer.ablation.cells}:
        raise BadInput(f"{folder / RESULTS} has the cell {min(strangers)!r}, which its ablation does not have")
    _check_rows(rows, [*answer.ablation.metrics], folder / RESULTS)
    if answer.registration != words["registration"]:
        raise BadInput(
            f"{folder / REQUEST} was changed: {words['registration']} was registered, and its claims are {answer.registration}"
        )
    return answer, words


def _check_rows(rows: Sequence[Row], metrics: Sequence[str], path: Path) -> None:
    """Raise BadInput for a run that stands twice, or whose metric is no number."""
    seen = set()
    for row in rows:
        run = f"{row['cell']}, seed {row['seed']},"
        if run in seen:
            raise BadInput(f"{path}: {run} stands there twice")
        if texts := [metric for metric in metrics if isinstance(row.get(metric), str)]:
            raise BadInput(f"{path}: {texts[0]} of {run} is {row[texts[0]]!r}, which is no number")
        seen.add(run)


def _request(stored: Mapping) -> tuple[dict, dict]:
    """The ablation's file and the other entries of report.json; KeyError or BadInput if it is none."""
    words = {key: stored[key] for key in KINDS}
    check_values(KINDS, words)
    check_values(ORIGIN, words["origin"])
    return words.pop("ablation"), words


def claims_part(pictures: Pictures, outcomes: Sequence[Outcome], constant: Mapping[str, Sequence[int]]) -> list[str]:
    """What came out: the figure, the table; then the same of claims that are exploratory, without verdicts.

    Args:
        constant: cells and seeds of runs that predict one class only.
    """
    tested = [outcome for outcome in outcomes if not outcome.claim.exploratory]
    exploratory = [outcome for outcome in outcomes if outcome.claim.exploratory]
    parts = []
    if tested:
        drawn = pictures.draw(plot_claims(tested), "claims", "the effect of each claim", explore_effects(tested))
        legend = "Dots are seeds; the bar is the simultaneous 95 % interval; effects within the grey band do not count."
        table, explained = document.claims_table(tested, constant), document.claims_legend(outcomes)
        parts += ["## What came out", drawn, legend, *document.folded("Every claim with its source and p", table, explained)]
    if exploratory:
        drawn = pictures.draw(plot_claims(exploratory), "exploratory", "effects without verdicts", explore_effects(exploratory))
        said = "No part of the correction: intervals are plain, and there is no verdict."
        parts += ["## Exploratory claims", said, drawn, document.exploratory_table(exploratory, constant)]
    return parts


def write_document(folder: Path, parts: Sequence[str], title: str, pictures: Pictures, rows: Sequence[Row]) -> None:
    """Write the rows as results.csv, the pictures, and the parts as report.md and report.html."""
    text = "\n\n".join(part for part in parts if part) + "\n"
    html = page(text, title, pictures.shown, pictures.plots)
    pictures.write()
    write_csv(folder / RESULTS, rows, folder)
    write_atomically(folder / TEXT, text)
    write_atomically(folder / PAGE, html)


def cells_part(pictures: Pictures, rows: Sequence[Row], cells: Sequence[CellSummary], metrics: Mapping[str, str]) -> list[str]:
    """The table of cells, and a plot of each metric with the value of every seed."""
    constant, links = majority(rows, metrics), pictures.links(rows)
    parts = ["## Cells", document.cells_table(cells, metrics, constant)]
    parts.append("Mean ± standard deviation over seeds, the best mean in bold. In the figures: a dot for each seed, "
                 "the mean and its 95 % interval.")  # fmt: skip
    for metric, better in metrics.items():
        if any(cell.scores[metric] for cell in cells):
            figure = plot_points(cells, metric, better, constant.get(metric))
            values = scores(rows, metric)
            plot = explore_points({cell.name: values.get(cell.name, {}) for cell in cells}, metric, links, constant.get(metric))
            parts.append(pictures.draw(figure, f"points_{metric}", f"{metric} of every seed", plot))
    return parts


def tuned_part(tuned: Mapping[str, Sequence[str]] | None) -> list[str]:
    """What was chosen for each cell, if anything was."""
    text = document.tuning(tuned)
    return ["## Tuned", "Chosen for each cell by pilot seeds on validation, before the comparison.", text] if text else []


def effects_part(pictures: Pictures, ablation: Ablation, rows: Sequence[Row], curves: Sequence[Mapping[str, Curve]]) -> list[str]:
    """The effect of each claim over training."""
    effects = effect_curves(ablation.claims, rows, curves)
    if not effects:
        return []
    drawn = pictures.draw(plot_effect_curves(effects), "effects", "the effect of each claim over training")
    explained = (
        "Would stopping earlier have changed a verdict? The effect of each claim at each validation, with its plain 95 % interval. "
        "With a learning rate schedule, a shorter training would not pass through the same values."
    )
    return ["## Effects over training", explained, drawn]


def curves_part(
    pictures: Pictures,
    rows: Sequence[Row],
    curves: Sequence[Mapping[str, Curve]],
    cells: Sequence[CellSummary],
    metrics: Mapping[str, str],
) -> list[str]:
    """Learning curves of the metrics, on the validation split where a metric is of the test split."""
    tags = {validation_tag(metric): metric for metric in metrics}
    found = bands(rows, curves, list(tags))
    found = {tag: cells for tag, cells in found.items() if any(len(band.steps) > 1 for band in cells.values())}
    if not found:
        return []
    parts = ["## Learning curves", "Mean over seeds; the band reaches from the lowest seed to the highest."]
    if len(cells) > MOST_CURVES:
        parts[1] += f" The {MOST_CURVES} best of {len(cells)} cells."
    for tag, by_cell in found.items():
        shown = ranked(cells, tags[tag], metrics[tags[tag]])[:MOST_CURVES] if len(cells) > MOST_CURVES else cells
        figure = plot_curves(by_cell, tag, [cell.name for cell in shown])
        plot = explore_curves(by_cell, tag, [cell.name for cell in shown])
        parts.append(pictures.draw(figure, f"curve_{tag}", f"{tag} over training", plot))
    return parts


def pictures_part(pictures: Pictures, rows: Sequence[Row]) -> list[str]:
    """The panels of each cell's first seed that has one, as one grid where they can be; which cannot be shown."""
    shown: dict[str, str] = {}
    missing: dict[str, Path] = {}
    for row in sorted(rows, key=lambda row: int(str(row["seed"]))):
        cell, path = str(row["cell"]), Path(str(row.get("folder", ""))) / PANEL
        if cell not in shown and row.get("status") == "finished" and os.path.lexists(path):
            if name := pictures.take(path):
                shown[cell] = name
            else:
                missing.setdefault(cell, path)
    lacking = ", ".join(plain(f"{cell} ({path})") for cell, path in missing.items() if cell not in shown)
    together = pictures.together(shown, "pictures", "the same inputs for every cell")
    parts = ["The same inputs for every cell, at its first seed.", together or document.pictures(shown)] if shown else []
    parts += [f"No whole picture in this folder: {lacking}."] if lacking else []
    return ["## Pictures", *parts] if parts else []


def failures_part(rows: Sequence[Row], folder: Path) -> list[str]:
    """The runs without a result, if there are any."""
    text = document.failures(rows, folder)
    return ["## Runs without a result", text] if text else []


def _head(answer: Answer, outcomes: Sequence[Outcome], notes: Iterable[str]) -> list[str]:
    ablation, rows = answer.ablation, answer.rows
    finished = sum(row.get("status") == "finished" for row in rows)
    seeds, planned = f"up to {answer.design.seeds[-1]} seeds", len(rows)
    if not answer.until_decided:
        n = ablation.budgets[answer.budget].seeds
        seeds, planned = f"{n} seed{'s' * (n > 1)}", len(ablation.runs(answer.budget))
    counts = f"{len(ablation.cells)} cells × {seeds}: {finished} of {planned} runs finished"
    came = f"{document.came_out(outcomes)}. Budget `{answer.budget}`, {counts}."
    return [
        f"# {ablation.name}",
        f"**{plain(ablation.question)}** {plain(ablation.source)}",
        came,
        *(f"**Note:** {plain(note)}." for note in (*notes, *tested_on_val(rows))),
    ]
