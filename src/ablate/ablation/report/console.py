"""The verdicts as a table for the terminal."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report.format import MARKS, condition, effect
from ablate.ablation.spec.ablation import Ablation

COLOUR = {"supported": "bold green", "refuted": "bold red", "inconclusive": "yellow", "incomplete": "magenta", "exploratory": "dim"}


def verdict_table(ablation: Ablation, outcomes: Sequence[Outcome]) -> Table:
    """One row for each claim: verdict, statement and note; effects with intervals; the condition and the number of seeds.

    Only the claim is wrapped, so the table fits into 80 columns.
    """
    table = Table(title=ablation.question, title_style="bold", title_justify="left", show_lines=True)
    table.add_column("claim", ratio=1)
    table.add_column("effect, 95 %", justify="right", no_wrap=True)
    table.add_column("counts if", justify="right", no_wrap=True)
    for outcome in outcomes:
        claim, verdict = outcome.claim, outcome.verdict
        mark = f"[{COLOUR[verdict]}]{MARKS[verdict]} {verdict}[/]"
        note = f"\n[dim]{escape(outcome.note)}[/]" if outcome.note else ""
        effects = "\n".join(escape(effect(estimate).replace(" [", "\n[")) for estimate in outcome.estimates)
        counted = f"{condition(claim)}\n{outcome.n} {'seed' if outcome.n == 1 else 'seeds'}"
        table.add_row(f"{mark}\n{escape(claim.statement)}{note}", effects, counted)
    return table
