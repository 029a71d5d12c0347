"""Writes the report of an ablation into its folder: results.csv, report.md, report.html, figures/."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ablate.ablation.judge.results import Row, read_csv, write_csv
from ablate.ablation.judge.verdict import Outcome, judge
from ablate.ablation.report import document
from ablate.ablation.report.cells import CellSummary, ranked, summarise
from ablate.ablation.report.curves import Curve, bands, history, plot_curves
from ablate.ablation.report.effect_curves import effect_curves, plot_effect_curves, validation_tag
from ablate.ablation.report.figure import plot_claims, plot_points, save
from ablate.ablation.report.format import file_name
from ablate.ablation.report.html import page
from ablate.ablation.spec.ablation import Ablation, Looks
from ablate.ablation.spec.read import load
from ablate.errors import BadInput, check_choice
from ablate.files import write_atomically, write_json

RESULTS, TEXT, PAGE, REQUEST, PANEL = "results.csv", "report.md", "report.html", "report.json", "panel.png"
MOST_CURVES = 24


def write_report(
    folder: Path,
    ablation: Ablation,
    rows: Sequence[Row],
    budget: str,
    origin: Mapping[str, object],
    design: Looks,
    tuned: Mapping[str, Sequence[str]] | None = None,
) -> list[Outcome]:
    """Judge the claims and write the report; an earlier one is replaced.

    Args:
        rows: one for each planned run, finished or not (see results.read_row); a run that never began may be left out.
        origin: command, commit, versions and machine, as `provenance` returns them.
        design: when the claims are tested.
        tuned: the overrides that were chosen for each cell.
    """
    check_choice("budget", budget, ablation.budgets)
    rows = list(rows)
    outcomes = judge(ablation, rows, design)
    cells, curves = summarise(rows, list(ablation.cells), ablation.metrics), [history(row) for row in rows]
    until_decided = design == ablation.design(budget, until_decided=True)
    request = {"ablation": ablation.file, "budget": budget, "origin": dict(origin), "until_decided": until_decided, "tuned": tuned}
    write_json(_made(folder) / REQUEST, request)
    write_csv(folder / RESULTS, rows, folder)
    parts = [
        *_head(ablation, rows, budget),
        "## Claims",
        document.claims_table(outcomes),
        document.claims_legend(outcomes),
        image(save(plot_claims(outcomes), folder / "figures/claims.png"), folder, "the effect of each claim"),
        *cells_part(folder, cells, ablation.metrics),
        *effects_part(folder, ablation, rows, curves),
        *curves_part(folder, rows, curves, cells, ablation.metrics),
        *pictures_part(folder, rows),
        *failures_part(rows),
        "## Run it again",
        document.reproduction(rows, origin),
        document.preparation(ablation.prepare),
    ]
    write_document(folder, parts, f"{ablation.name}: {ablation.question}")
    return outcomes


def rewrite_report(folder: Path) -> tuple[Ablation, str, list[Outcome]]:
    """Write the report once more from results.csv and report.json, without running anything."""
    for name in (REQUEST, RESULTS):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} holds no report of an ablation: there is no {name}; for a sweep, add --by KEY")
    request = json.loads((folder / REQUEST).read_text())
    ablation = load(request["ablation"], budget := request["budget"])
    design = ablation.design(budget, request["until_decided"])
    outcomes = write_report(folder, ablation, read_csv(folder / RESULTS), budget, request["origin"], design, request["tuned"])
    return ablation, budget, outcomes


def write_document(folder: Path, parts: Sequence[str], title: str) -> None:
    """Write the parts as report.md and as report.html, and remove figures that only an earlier report used."""
    text = "\n\n".join(part for part in parts if part) + "\n"
    write_atomically(_made(folder) / TEXT, text)
    write_atomically(folder / PAGE, page(text, title, folder))
    for figure in (folder / "figures").glob("*.png"):
        if figure.name not in text:
            figure.unlink(missing_ok=True)


def cells_part(folder: Path, cells: Sequence[CellSummary], metrics: Mapping[str, str]) -> list[str]:
    """The table of cells, and a plot of each metric with the value of every seed."""
    parts = ["## Cells", document.cells_table(cells, metrics)]
    parts.append("Mean ± standard deviation over seeds, the best mean in bold. In the figures: a dot for each seed, "
                 "the mean and its 95 % interval.")  # fmt: skip
    for metric, better in metrics.items():
        if any(cell.scores[metric] for cell in cells):
            path = folder / f"figures/points_{file_name(metric)}.png"
            parts.append(image(save(plot_points(cells, metric, better), path), folder, f"{metric} of every seed"))
    return parts


def effects_part(folder: Path, ablation: Ablation, rows: Sequence[Row], curves: Sequence[Mapping[str, Curve]]) -> list[str]:
    """The effect of each claim over training."""
    effects = effect_curves(ablation.claims, rows, curves)
    if not effects:
        return []
    path = save(plot_effect_curves(effects), folder / "figures/effects.png")
    explained = (
        "Would stopping earlier have changed a verdict? The effect of each claim at each validation, with its 95 % interval. "
        "With a learning rate schedule, a shorter training would not pass through the same values."
    )
    return ["## Effects over training", explained, image(path, folder, "the effect of each claim over training")]


def curves_part(
    folder: Path,
    rows: Sequence[Row],
    curves: Sequence[Mapping[str, Curve]],
    cells: Sequence[CellSummary],
    metrics: Mapping[str, str],
) -> list[str]:
    """Learning curves of the metrics, on the validation split where a metric is of the test split."""
    tags = {validation_tag(metric): metric for metric in metrics}
    found = bands(rows, curves, list(tags))
    if not found:
        return []
    parts = ["## Learning curves", "Mean over seeds; the band reaches from the lowest seed to the highest."]
    if len(cells) > MOST_CURVES:
        parts[1] += f" The {MOST_CURVES} best of {len(cells)} cells."
    for tag, by_cell in found.items():
        shown = ranked(cells, tags[tag], metrics[tags[tag]])[:MOST_CURVES] if len(cells) > MOST_CURVES else cells
        figure = plot_curves(by_cell, tag, [cell.name for cell in shown])
        path = save(figure, folder / f"figures/curve_{file_name(tag)}.png")
        parts.append(image(path, folder, f"{tag} over training"))
    return parts


def pictures_part(folder: Path, rows: Sequence[Row]) -> list[str]:
    """For each cell the panel of its first seed that has one."""
    paths: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: int(str(row["seed"]))):
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


def image(path: Path, folder: Path, description: str) -> str:
    """A picture in Markdown, with its path relative to the report."""
    return f"![{description}]({os.path.relpath(path, folder)})"


def _head(ablation: Ablation, rows: Sequence[Row], budget: str) -> list[str]:
    planned, seeds = len(ablation.runs(budget)), ablation.budgets[budget].seeds
    finished = sum(row.get("status") == "finished" for row in rows)
    counts = f"{len(ablation.cells)} cells × {seeds} seed{'s' * (seeds > 1)}: {finished} of {planned} runs finished"
    return [f"# {ablation.name}", f"**{ablation.question}**", f"{ablation.source}", f"Budget `{budget}`, {counts}."]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
