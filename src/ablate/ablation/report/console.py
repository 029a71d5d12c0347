"""The verdicts on a terminal."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report.wording import MARKS, effect, wanted
from ablate.ablation.spec.ablation import Ablation

COLOUR = {"supported": "bold green", "refuted": "bold red", "inconclusive": "yellow", "incomplete": "magenta"}


def verdict_table(ablation: Ablation, outcomes: Sequence[Outcome]) -> Table:
    """A row a claim: verdict, statement (and why it is not decided); effects with their intervals; what counts, and seeds.

    Narrow enough for a terminal of 80 columns, since Rich wraps the claim alone.
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
        counted = f"{wanted(claim)}\n{outcome.n} {'seed' if outcome.n == 1 else 'seeds'}"
        table.add_row(f"{mark}\n{escape(claim.statement)}{note}", effects, counted)
    return table
