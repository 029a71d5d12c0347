"""The verdicts on a terminal."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from ablate.ablation.spec import Ablation
from ablate.ablation.verdict import Outcome
from ablate.ablation.wording import MARKS, effect, wanted

COLOUR = {"supported": "bold green", "refuted": "bold red", "inconclusive": "yellow", "incomplete": "magenta"}


def verdict_table(ablation: Ablation, outcomes: Sequence[Outcome]) -> Table:
    """A line a claim: verdict, statement (and why it is not decided), effects, what counts, seeds."""
    table = Table(title=ablation.question, title_style="bold", title_justify="left", show_lines=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("claim", ratio=1)
    table.add_column("effect, 95 % interval", justify="right", no_wrap=True)
    table.add_column("counts if", justify="right", no_wrap=True)
    table.add_column("n", justify="right")
    for outcome in outcomes:
        claim, verdict = outcome.claim, outcome.verdict
        note = f"\n[dim]{escape(outcome.note)}[/]" if outcome.note else ""
        effects = "\n".join(escape(effect(estimate)) for estimate in outcome.estimates)
        mark = f"[{COLOUR[verdict]}]{MARKS[verdict]} {verdict}[/]"
        table.add_row(mark, escape(claim.statement) + note, effects, wanted(claim), str(outcome.n))
    return table
