"""The verdicts as a table for the terminal."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from ablate.ablation.judge.forecast import Forecast
from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report.format import MARKS, condition, effect, note
from ablate.ablation.spec.ablation import Ablation, Looks

COLOUR = {"supported": "bold green", "refuted": "bold red", "inconclusive": "yellow", "incomplete": "magenta", "exploratory": "dim"}


def verdict_table(ablation: Ablation, outcomes: Sequence[Outcome]) -> Table:
    """One row for each claim: verdict, statement and note; effects with intervals; the condition and the number of seeds.

    Exploratory claims come last. Only claims and conditions are wrapped, so the table fits into 80 columns.
    """
    table = Table(title=Text(ablation.question), title_style="bold", title_justify="left", show_lines=True)
    table.add_column("claim", ratio=1)
    table.add_column("effect,\nsimultaneous 95 %", justify="right", no_wrap=True)
    table.add_column("counts if", justify="right", max_width=14)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.claim.exploratory):
        claim, verdict = outcome.claim, outcome.verdict
        mark = f"{MARKS[verdict]} {verdict}{', plain 95 %' * claim.exploratory}"
        why = [(f"\n{text}", "dim")] if (text := note(outcome)) else []
        effects = "\n".join(effect(estimate).replace(" [", "\n[") for estimate in outcome.estimates)
        counted = f"{condition(claim)}\n{outcome.n} {'seed' if outcome.n == 1 else 'seeds'}"
        table.add_row(Text.assemble((mark, COLOUR[verdict]), f"\n{claim.statement}", *why), Text(effects), Text(counted))
    return table


def forecast_table(ablation: Ablation, budget: str, forecasts: Sequence[Forecast], designs: Mapping[str, Looks]) -> Table:
    """One row for each claim: its effect and spread in the pilots, and the probability that each design decides it."""
    seeds = {name: f"{design.seeds[-1]}" for name, design in designs.items()}
    title = f"{ablation.name}, budget {budget}: what will probably be decided, from {max(f.n for f in forecasts)} pilot seeds"
    table = Table(title=Text(title), title_style="bold", title_justify="left")
    table.add_column("claim", ratio=1)
    table.add_column("effect ± sd", justify="right", no_wrap=True)
    for name in designs:
        table.add_column(f"{name},\n≤ {seeds[name]} seeds", justify="right", no_wrap=True)
    for each in forecasts:
        effects = "\n".join(f"{m:+.3g} ± {s:.2g}" for m, s in zip(each.means, each.spreads, strict=True))
        shown = ["–" if share != share else f"{share:.0%}" for share in each.decided.values()]
        table.add_row(each.claim.name, effects, *shown)
    expected = [sum(share for f in forecasts if (share := f.decided[name]) == share) for name in designs]
    table.add_section()
    table.add_row(f"expected to be decided, of {len(forecasts)}", "", *(f"{number:.1f}" for number in expected))
    return table
