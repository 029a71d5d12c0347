"""The verdicts as they stand in README.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ablate.ablation import document
from ablate.ablation.spec import Ablation
from ablate.ablation.verdict import Outcome
from ablate.ablation.wording import MARKS, effect, wanted
from ablate.errors import BadInput
from ablate.run_folder import write_atomically

BEGIN, END = "<!-- verdicts:begin -->", "<!-- verdicts:end -->"


def verdicts_markdown(
    ablation: Ablation, outcomes: Sequence[Outcome], rows: Sequence[Mapping], budget: str, origin: Mapping[str, object]
) -> str:
    """A heading, a line a claim, and what the verdicts come from."""
    lines = [
        (
            f"{MARKS[outcome.verdict]} {outcome.verdict}",
            f"{outcome.claim.statement} ({outcome.claim.source})",
            outcome.claim.metric,
            "<br>".join(effect(estimate) for estimate in outcome.estimates),
            wanted(outcome.claim),
        )
        for outcome in outcomes
    ]
    heads = ("verdict", "claim", "metric", "effect, 95 % interval", "counts if")
    seeds = ablation.budgets[budget].seeds
    origins = (
        f"Budget `{budget}`, {seeds} seeds a cell, commit {document.commits(rows, origin)}, "
        f"{document.hardware(rows, origin)}, {document.date(origin)}."
    )
    return f"### {ablation.name}\n\n{ablation.question}\n\n{document.table(heads, lines, left=3)}\n\n{origins}\n"


def write_between_markers(path: Path, text: str) -> None:
    """Replace what stands between the two markers of a file, and nothing else."""
    whole = path.read_text()
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after or END in before:
        raise BadInput(f"{path} must hold {BEGIN} and after it {END}, once each")
    write_atomically(path, f"{before}{BEGIN}\n{text.strip()}\n{END}{after}")
