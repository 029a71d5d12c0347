"""Published results: conf/ablation/results/NAME.csv, a row for each run, from which the published tables are made."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ablate.ablation.judge.results import COST, LEADING, Row, read_csv, write_csv
from ablate.ablation.spec.ablation import BUDGETS, Ablation, Looks
from ablate.ablation.spec.read import load
from ablate.ablation.spec.registration import digest
from ablate.errors import BadInput
from ablate.files import CONF, write_json
from ablate.run import folder as run_folder

FOLDER = CONF / "ablation/results"
STAGES = ("answer", "pilot", "tune")
FACTS = ("seconds", "peak_memory_mb", "commit", "device")


class Answer(NamedTuple):
    """The published runs of an ablation at one budget, and the design in which they were registered."""

    ablation: Ablation
    budget: str
    until_decided: bool
    rows: list[Row]

    @property
    def design(self) -> Looks:
        """When its claims are tested."""
        return self.ablation.design(self.budget, self.until_decided)


def read_published(name: str) -> list[Row]:
    """All published rows of the ablation `name`; none where there is no file."""
    path = FOLDER / f"{name}.csv"
    return read_csv(path) if path.is_file() else []


def publish(ablation: Ablation, rows: Sequence[Row]) -> Path:
    """Write rows into the published file; of the same stage and budget they replace all that stood there.

    Raises:
        BadInput: a row whose commit is unknown or had changes, as nobody can run that again.
    """
    for row in rows:
        if (commit := str(row.get("commit", "unknown"))) == "unknown" or commit.endswith("+changes"):
            where = f"{row['cell']} seed {row['seed']} ran on commit={commit}"
            raise BadInput(f"{where}, which nobody can run again; commit the changes, and run it anew")
    replaced = {(row["stage"], row["budget"]) for row in rows}
    kept = [row for row in read_published(ablation.name) if (row["stage"], row["budget"]) not in replaced]
    tags = [*ablation.metrics, *([ablation.tune.metric] if ablation.tune else [])]
    tags += [f"val/{tag[5:]}" for tag in ablation.metrics if tag.startswith("test/")]
    columns = (*LEADING, *COST, *tags, "error")
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
            state = {"status": "finished", "published": True, "overrides": run.overrides, **facts, **cost}
            write_json(run.folder / run_folder.STATE, state)
            count += 1
    return count


def answer(file: str | Path | Mapping, budget: str | None = None) -> Answer:
    """The published answer of an ablation at `budget`, or at the largest budget that has one.

    Raises:
        BadInput: nothing is published; or what is published was registered for other claims than those of the file.
    """
    whole = load(file)
    rows = [row for row in read_published(whole.name) if row["stage"] == "answer"]
    budgets = [b for b in reversed(BUDGETS) if any(row["budget"] == b for row in rows)]
    for chosen in budgets if budget is None else [budget]:
        ablation = load(file, chosen)
        for until in (True, False):
            key = digest(ablation, chosen, ablation.design(chosen, until))
            if found := [row for row in rows if row["budget"] == chosen and row["registration"] == key]:
                return Answer(ablation, chosen, until, found)
    if not rows:
        raise BadInput(f"ablation {whole.name} has no published results in {FOLDER.name}/{whole.name}.csv")
    raise BadInput(f"the published results of ablation {whole.name} were registered for other claims or another budget: {budgets}")
