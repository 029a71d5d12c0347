"""Writes what an ablation found into its folder: results.csv, report.md, report.html, figures/."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ablate.ablation.judge.results import Row, read_csv, write_csv
from ablate.ablation.judge.verdict import Outcome, judge
from ablate.ablation.report import document
from ablate.ablation.report.cells import Cell, ranked, summarise
from ablate.ablation.report.curves import Curve, bands, draw_curves, history
from ablate.ablation.report.development import developments, draw_developments, validated
from ablate.ablation.report.figure import draw_claims, draw_points, save
from ablate.ablation.report.html import page
from ablate.ablation.report.wording import plain
from ablate.ablation.spec.ablation import Ablation
from ablate.ablation.spec.read import load
from ablate.errors import BadInput, check_choice
from ablate.files import write_atomically, write_json

RESULTS, TEXT, PAGE, ASKED, PANEL = "results.csv", "report.md", "report.html", "report.json", "panel.png"
MOST_CURVES = 24


def write_report(
    folder: Path,
    ablation: Ablation,
    rows: Sequence[Row],
    budget: str,
    origin: Mapping[str, object],
) -> list[Outcome]:
    """Judge the claims and write everything; what is there from before is replaced.

    Args:
        rows: one a planned run, whatever became of it (see results.row_of); runs that never began may be left out.
        origin: command, commit, versions and machine, as `provenance` gives them.
    """
    check_choice("budget", budget, ablation.budgets)
    rows = list(rows)
    outcomes = judge(ablation, rows, budget)
    cells, curves = summarise(rows, list(ablation.cells), ablation.metrics), [history(row) for row in rows]
    asked = {"ablation": ablation.given, "budget": budget, "origin": dict(origin)}
    write_json(_made(folder) / ASKED, asked)
    write_csv(folder / RESULTS, rows, folder)
    parts = [
        *_head(ablation, rows, budget),
        "## Claims",
        document.claims_table(outcomes),
        document.claims_legend(outcomes),
        picture(save(draw_claims(outcomes), folder / "figures/claims.png"), folder, "the effect of each claim"),
        *cells_part(folder, cells, ablation.metrics),
        *developments_part(folder, ablation, rows, curves),
        *curves_part(folder, rows, curves, cells, ablation.metrics),
        *pictures_part(folder, rows),
        *failures_part(rows),
        "## Run it again",
        document.again(rows, origin),
        document.prepared(ablation.prepare),
    ]
    write_document(folder, parts, f"{ablation.name}: {ablation.question}")
    return outcomes


def rewrite_report(folder: Path) -> tuple[Ablation, str, list[Outcome]]:
    """Make the report again from results.csv and report.json, without running anything."""
    for name in (ASKED, RESULTS):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} holds no report of an ablation: there is no {name}; of a sweep, say --by KEY as well")
    asked = json.loads((folder / ASKED).read_text())
    ablation = load(asked["ablation"])
    rows = read_csv(folder / RESULTS)
    return ablation, asked["budget"], write_report(folder, ablation, rows, asked["budget"], asked["origin"])


def write_document(folder: Path, parts: Sequence[str], title: str) -> None:
    """The parts as report.md and as report.html."""
    text = "\n\n".join(part for part in parts if part) + "\n"
    write_atomically(_made(folder) / TEXT, text)
    write_atomically(folder / PAGE, page(text, title, folder))
    for figure in (folder / "figures").glob("*.png"):
        if figure.name not in text:  # of an earlier report
            figure.unlink(missing_ok=True)


def cells_part(folder: Path, cells: Sequence[Cell], metrics: Mapping[str, str]) -> list[str]:
    """The table of cells, and every seed's point by metric."""
    parts = ["## Cells", document.cells_table(cells, metrics)]
    parts.append("Mean ± standard deviation over seeds, the best mean in bold. In the figures: a dot for each seed, "
                 "the mean and its 95 % interval.")  # fmt: skip
    for metric, better in metrics.items():
        if any(cell.scores[metric] for cell in cells):
            path = folder / f"figures/points_{plain(metric)}.png"
            parts.append(picture(save(draw_points(cells, metric, better), path), folder, f"{metric} of every seed"))
    return parts


def developments_part(folder: Path, ablation: Ablation, rows: Sequence[Row], curves: Sequence[Mapping[str, Curve]]) -> list[str]:
    """The effect of each claim over training."""
    found = developments(ablation.claims, rows, curves)
    if not found:
        return []
    path = save(draw_developments(found), folder / "figures/developments.png")
    explained = (
        "Would stopping earlier have changed an answer? The effect of each claim at each validation, with its 95 % interval. "
        "Where a schedule lowers the learning rate, a shorter training would have ended elsewhere than this one was then."
    )
    return ["## Effects over training", explained, picture(path, folder, "the effect of each claim over training")]


def curves_part(
    folder: Path,
    rows: Sequence[Row],
    curves: Sequence[Mapping[str, Curve]],
    cells: Sequence[Cell],
    metrics: Mapping[str, str],
) -> list[str]:
    """Learning curves of the metrics, on the validation split where a metric is of the test split."""
    tags = {validated(metric): metric for metric in metrics}
    found = bands(rows, curves, list(tags))
    if not found:
        return []
    parts = ["## Learning curves", "Mean over seeds; the band reaches from the lowest seed to the highest."]
    if len(cells) > MOST_CURVES:
        parts[1] += f" The {MOST_CURVES} best of {len(cells)} cells."
    for tag, by_cell in found.items():
        shown = ranked(cells, tags[tag], metrics[tags[tag]])[:MOST_CURVES] if len(cells) > MOST_CURVES else cells
        figure = draw_curves(by_cell, tag, [cell.name for cell in shown])
        path = save(figure, folder / f"figures/curve_{plain(tag)}.png")
        parts.append(picture(path, folder, f"{tag} over training"))
    return parts


def pictures_part(folder: Path, rows: Sequence[Row]) -> list[str]:
    """The panel of each cell's first seed that has one."""
    paths: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: int(row["seed"])):
        path = Path(str(row.get("folder", ""))).absolute() / PANEL
        if str(row["cell"]) not in paths and row.get("status") == "finished" and path.is_file():
            paths[str(row["cell"])] = os.path.relpath(path, folder.absolute())
    if not paths:
        return []
    return ["## Pictures", "The same inputs for every cell, at its first seed.", document.pictures(paths)]


def failures_part(rows: Sequence[Row]) -> list[str]:
    """The runs without a result, if there are any."""
    text = document.failures(rows)
    return ["## Runs without a result", text] if text else []


def picture(path: Path, folder: Path, description: str) -> str:
    """A picture in Markdown, as seen from the report."""
    return f"![{description}]({os.path.relpath(path, folder)})"


def _head(ablation: Ablation, rows: Sequence[Row], budget: str) -> list[str]:
    planned, seeds = len(ablation.runs(budget)), ablation.budgets[budget].seeds
    finished = sum(row.get("status") == "finished" for row in rows)
    counts = f"{len(ablation.cells)} cells × {seeds} seed{'s' * (seeds > 1)}: {finished} of {planned} runs finished"
    return [f"# {ablation.name}", f"**{ablation.question}**", f"{ablation.source}", f"Budget `{budget}`, {counts}."]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
