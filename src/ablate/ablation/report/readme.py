"""The tables of verdicts in conf/ablation/README.md."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ablate.ablation.judge.results import read_csv
from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report import document
from ablate.ablation.report.format import MARKS, condition, effect
from ablate.ablation.report.report import REQUEST, RESULTS
from ablate.ablation.spec.ablation import Ablation
from ablate.errors import BadInput
from ablate.files import write_atomically

BEGIN, END = "<!-- verdicts:begin -->", "<!-- verdicts:end -->"


def verdicts_markdown(
    ablation: Ablation, outcomes: Sequence[Outcome], rows: Sequence[Mapping], budget: str, origin: Mapping[str, object]
) -> str:
    """A heading, a table with a row for each claim, and where the results come from."""
    lines = []
    for outcome in outcomes:
        claim, verdict, effects = outcome.claim, outcome.verdict, "<br>".join(map(effect, outcome.estimates))
        statement = f"{claim.statement} ({claim.source})"
        lines.append((f"{MARKS[verdict]} {verdict}", statement, claim.metric, effects, condition(claim)))
    heads = ("verdict", "claim", "metric", "effect, 95 % interval", "counts if")
    seeds = ablation.budgets[budget].seeds
    origins = (
        f"Budget `{budget}`, {seeds} seeds a cell, commit {document.commits(rows, origin)}, "
        f"{document.hardware(rows, origin)}, {document.date(origin)}."
    )
    return f"### {ablation.name}\n\n{ablation.question}\n\n{document.table(heads, lines, left=3)}\n\n{origins}\n"


def update_readme(path: Path, folder: Path, ablation: Ablation, outcomes: Sequence[Outcome], budget: str) -> None:
    """Write the verdicts of the report in `folder` between the markers of `path`; the sections of other ablations stay."""
    request, rows = json.loads((folder / REQUEST).read_text()), read_csv(folder / RESULTS)
    text = verdicts_markdown(ablation, outcomes, rows, budget, request["origin"])
    before, between, after = _parted(path)
    sections = {section.split("\n")[0]: section for section in re.split(r"^### ", between, flags=re.M)[1:]}
    sections[ablation.name] = text.removeprefix("### ")
    whole = "\n".join(f"### {sections[name].strip()}\n" for name in sorted(sections))
    write_atomically(path, f"{before}{BEGIN}\n\n{whole}\n{END}{after}")


def _parted(path: Path) -> tuple[str, str, str]:
    whole = path.read_text()
    before, begin, rest = whole.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after or END in before:
        raise BadInput(f"{path} must hold {BEGIN} and after it {END}, once each")
    return before, between, after
