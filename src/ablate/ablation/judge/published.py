"""Published results: conf/ablation/results/NAME.csv, a row for each run, from which the published tables are made."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ablate.ablation.judge.results import COST, FACTS, LEADING, MAJORITY, Row, read_csv, write_csv
from ablate.ablation.spec.ablation import BUDGETS, Ablation, Looks
from ablate.ablation.spec.read import load
from ablate.ablation.spec.registration import digest
from ablate.errors import BadInput, check_choice
from ablate.files import CONF, write_json
from ablate.run import folder as run_folder

FOLDER = CONF / "ablation/results"


class Answer(NamedTuple):
    """The runs of an ablation at one budget, and the design in which they were registered; it is what a report is about."""

    ablation: Ablation
    budget: str
    until_decided: bool
    rows: list[Row]

    @property
    def design(self) -> Looks:
        """When its claims are tested."""
        return self.ablation.design(self.budget, self.until_decided)

    @property
    def registration(self) -> str:
        """The digest of what was registered."""
        return digest(self.ablation, self.budget, self.design)


def read_published(name: str) -> list[Row]:
    """All published rows of the ablation `name`; none where there is no file."""
    path = FOLDER / f"{name}.csv"
    rows = read_csv(path) if path.is_file() else []
    if not all("stage" in row and row.get("budget") in BUDGETS for row in rows):
        raise BadInput(f"{path}: a row has no stage, or a budget that is none of {', '.join(BUDGETS)}")
    return rows


def publish(ablation: Ablation, rows: Sequence[Row]) -> Path:
    """Write rows into the published file; of the same stage and budget they replace all that stood there.

    Raises:
        BadInput: a row whose commit is unknown or had changes, as nobody can run that again.
    """
    for row in rows:
        if (commit := str(row.get("commit", "unknown"))) == "unknown" or commit.endswith("+changes"):
            where = f"{row['stage']}: {row['cell']} seed {row['seed']} ran on commit={commit}"
            raise BadInput(f"{where}, which nobody can run again; commit the changes, and run it anew")
    replaced = {(row["stage"], row["budget"]) for row in rows}
    kept = [row for row in read_published(ablation.name) if (row["stage"], row["budget"]) not in replaced]
    tags = [*ablation.metrics, *([ablation.tune.metric] if ablation.tune else [])]
    tags += [f"val/{tag[5:]}" for tag in ablation.metrics if tag.startswith("test/")]
    tags += [f"{MAJORITY}{tag}" for tag in ablation.metrics]
    columns = (*LEADING, *COST, *tags)  # no error, whose text may have a path
    path = FOLDER / f"{ablation.name}.csv"
    path.parent.mkdir(exist_ok=True)
    write_csv(path, [{k: row[k] for k in columns if k in row} for row in [*kept, *rows]], path.parent)
    return path


def adopt(runs: Iterable, published: Iterable[Mapping]) -> int:
    """Give runs without a result the published one of the same hash; returns how many.

    Such a run has a folder with run.json and metrics.json, and neither checkpoint nor pictures.
    """
    known = {(row["cell"], row["seed"], row["hash"]): row for row in published if row.get("status") == "finished"}
    count = 0
    for run in runs:
        row = known.get((run.cell, run.seed, run.key))
        if row is not None and run.status == "absent":
            run.folder.mkdir(parents=True, exist_ok=True)
            cost = {name[5:]: row[name] for name in COST if name in row}
            metrics = {tag: value for tag, value in row.items() if tag.startswith(("test/", "val/"))}
            write_json(run.folder / run_folder.METRICS, metrics)
            facts = {name: row[name] for name in FACTS if name in row}
            majority = {tag.removeprefix(MAJORITY): value for tag, value in row.items() if tag.startswith(MAJORITY)}
            state = {"status": "finished", "published": True, "overrides": run.overrides, **facts, **cost, "majority": majority}
            write_json(run.folder / run_folder.STATE, state)
            count += 1
    return count


def answers(whole: Ablation) -> list[Answer]:
    """The published answers of an ablation, that of the largest budget first; rows of another registration do not count."""
    rows, found = [row for row in read_published(whole.name) if row["stage"] == "answer"], []
    for budget in reversed(BUDGETS):
        for until in (True, False) if any(row["budget"] == budget for row in rows) else ():
            each = Answer(load(whole.file, budget), budget, until, [])
            if own := [row for row in rows if row["budget"] == budget and row.get("registration") == each.registration]:
                found.append(each._replace(rows=own))
                break
    return found


def answer(file: str | Path | Mapping, budget: str | None = None) -> Answer:
    """The published answer of an ablation at `budget`, or at the largest budget that has one.

    Raises:
        BadInput: nothing is published; or what is published was registered for other claims than those of the file.
    """
    whole = load(file)
    if budget is not None:
        check_choice("budget", budget, whole.budgets)
    if found := [each for each in answers(whole) if budget in (None, each.budget)]:
        return found[0]
    place = f"{FOLDER.name}/{whole.name}.csv"
    known = sorted({str(row["budget"]) for row in read_published(whole.name) if row["stage"] == "answer"}, key=BUDGETS.index)
    if budget is not None and budget not in known:
        raise BadInput(
            f"ablation {whole.name} has no published results at budget={budget} (in {place}: {', '.join(known) or 'none'})"
        )
    if not known:
        raise BadInput(f"ablation {whole.name} has no published results: there is no answer in {place}")
    raise BadInput(f"the results in {place} were registered for other claims than those that {whole.name} has now")
