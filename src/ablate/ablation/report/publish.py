"""From a report's folder into conf/ablation/results, and from there into the report of a machine that never ran it."""

import shlex
from pathlib import Path

from ablate.ablation.judge import published
from ablate.ablation.judge.published import Answer
from ablate.ablation.judge.results import Row, read_csv
from ablate.ablation.judge.tuning import chosen
from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report.report import read_report, write_report
from ablate.ablation.spec.ablation import PREPARED, Run
from ablate.ablation.spec.read import load
from ablate.errors import BadInput
from ablate.files import CONF, script_words

MORE = ("pilot.csv", "tune.csv")
HARMLESS = ("seed=", "data.root=", "data.num_workers=")  # overrides that every machine may give as it needs


def publish_folder(folder: Path) -> Path:
    """Publish the results in an ablation's folder, with pilots and what was tried; returns the published file.

    Raises:
        BadInput: they do not belong to conf/ablation/NAME.yaml as it is now, or have overrides that it does not have.
    """
    answer, request = read_report(folder)
    if answer.budget == "smoke" or not any(row["status"] == "finished" for row in answer.rows):
        what = "budget=smoke" if answer.budget == "smoke" else "without a finished run"
        raise BadInput(f"{folder} is of an ablation {what}, which answers nothing")
    file = ablation_file(answer.ablation.name)
    if answer.registration != answer._replace(ablation=load(file, answer.budget)).registration:
        raise BadInput(f"{folder} was registered for other claims than those that {file.name} has now; run it again")
    for row in answer.rows:
        if row.get("registration") != answer.registration:
            raise BadInput(f"{row['cell']} seed {row['seed']} was registered for other claims; run it again")
    _check_overrides(answer, request["tuned"] or {})
    rows = [row for name in MORE if (folder / name).is_file() for row in read_csv(folder / name)]
    return published.publish(answer.ablation, [*answer.rows, *rows])


def report_published(name: str, budget: str | None, folder: Path | None) -> tuple[Path, Answer, list[Outcome]]:
    """Write the report of what is published; its folder, the answer and the verdicts."""
    answer = published.answer(ablation_file(name), budget)
    folder = folder or Path(f"logs/ablation/{name}-published")
    if (folder / "runs").exists():
        raise BadInput(f"{folder} holds runs of its own, whose report would be replaced; name another folder by --output")
    tried = [row for row in published.read_published(name) if (row["stage"], row["budget"]) == ("tune", answer.budget)]
    until = " until=decided" if answer.until_decided else ""
    origin = {"command": f"{shlex.join(script_words('reproduce'))} ablation={name} budget={answer.budget}{until}"}
    return folder, answer, write_report(folder, answer, origin, chosen(answer.ablation, tried))


def ablation_file(name: str) -> Path:
    """The file of an ablation; `load` says what is wrong with its name."""
    return CONF / f"ablation/{name}.yaml"


def _check_overrides(answer: Answer, tuned: dict[str, list[str]]) -> None:
    seeds = {int(str(row["seed"])) for row in answer.rows}
    planned = {(run.cell, run.seed): run for run in answer.ablation.runs(answer.budget, (), seeds, tuned)}
    for row in answer.rows:
        if more := _foreign(row, planned[str(row["cell"]), int(str(row["seed"]))]):
            raise BadInput(f"{row['cell']} seed {row['seed']} ran with {' '.join(more)}, which the ablation's file does not have")


def _foreign(row: Row, run: Run) -> list[str]:
    """The overrides of a row that are neither those of its run nor harmless."""
    given = [str(word) for word in row["overrides"]]  # type: ignore[attr-defined]
    filled = {word.partition("=")[0] for word in run.overrides if PREPARED.search(word)}
    return [w for w in given if w not in run.overrides and w.partition("=")[0] not in filled and not w.startswith(HARMLESS)]
