"""The parts of report.md, as Markdown."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from math import isfinite
from pathlib import Path

from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report.cells import CellSummary, best
from ablate.ablation.report.format import DASH, MARKS, abbreviated, condition, duration, effect, plus_minus, probability
from ablate.ablation.report.logs import last_lines

ARROW = {"maximise": "↑", "minimise": "↓"}


def table(heads: Sequence[str], lines: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are aligned left, the others right."""
    rule = [":--" if i < left else "--:" for i in range(len(heads))]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in [heads, rule, *lines])


def claims_table(outcomes: Sequence[Outcome]) -> str:
    """One row for each claim: verdict, statement and source, effects, condition, n, g and p."""
    heads = ("verdict", "claim", "measured", "effect, 95 % interval", "counts if", "n", "g", "p")
    return table(heads, [_claim(outcome) for outcome in outcomes], left=3)


def _claim(outcome: Outcome) -> tuple[str, ...]:
    claim, estimates = outcome.claim, outcome.estimates
    verdict = f"**{MARKS[outcome.verdict]} {outcome.verdict}**" + (f"<br>{escape(outcome.note)}" if outcome.note else "")
    statement = f"{escape(claim.statement)}<br>*{escape(claim.source)}*"
    measured = f"{claim.metric}:<br>" + "<br>".join(_code(e.label) for e in estimates)
    effects = "<br>".join(effect(e) for e in estimates)
    sizes = "<br>".join(f"{e.size:+.2f}" if isfinite(e.size) else DASH for e in estimates)
    p = DASH if outcome.verdict == "incomplete" else probability(outcome.p)
    return verdict, statement, measured, effects, condition(claim), str(outcome.n), sizes, p


def claims_legend(outcomes: Sequence[Outcome]) -> str:
    """Explains the columns of `claims_table`, and names the intervals that were used."""
    return (
        "The effect is a difference within each seed, as every cell runs with the same seeds; *n* counts them. "
        "*g* is the mean over the standard deviation with Hedges' correction."
    )


def cells_table(cells: Sequence[CellSummary], metrics: Mapping[str, str]) -> str:
    """One row for each cell: mean ± standard deviation of each metric, the best mean in bold, and the cost of a run."""
    top = {metric: best(cells, metric, better) for metric, better in metrics.items()}
    heads = ["cell", *(f"{m} {ARROW[b]}" for m, b in metrics.items()), "parameters", "multiply-adds", "time a run", "n"]
    lines = []
    for cell in cells:
        values = {metric: plus_minus(cell.scores[metric]) for metric in metrics}
        bold = [f"**{text}**" if cell.name in top[metric] else text for metric, text in values.items()]
        n = str(cell.finished) if cell.finished == cell.runs else f"{cell.finished} of {cell.runs}"
        costs = abbreviated(cell.parameters), abbreviated(cell.multiply_adds), duration(cell.seconds)
        lines.append([_code(cell.name), *bold, *costs, n])
    return table(heads, lines)


def pictures(paths: Mapping[str, str]) -> str:
    """One picture for each cell, with the cell's name below."""
    figures = [
        f'<figure><img src="{escape(path)}" alt="{escape(name)}"><figcaption>{escape(name)}</figcaption></figure>'
        for name, path in paths.items()
    ]
    return '<div class="pictures">\n' + "\n".join(figures) + "\n</div>"


def failures(rows: Iterable[Mapping]) -> str:
    """Every run without a result: the reason, and the last lines of its log."""
    parts = []
    for row in rows:
        if row.get("status") != "finished":
            reason = f": {escape(str(row['error']))}" if row.get("error") else ""
            parts.append(f"**{_code(str(row['cell']))}, seed {row['seed']}**, {row.get('status', 'absent')}{reason}")
            parts += [f"<pre>{escape(lines)}</pre>"] if (lines := last_lines(Path(str(row.get("folder", ""))))) else []
    return "\n\n".join(parts)


def reproduction(rows: Sequence[Mapping], origin: Mapping) -> str:
    """The command that reproduces the results, and the commit, versions and machine that they come from."""
    facts = {
        "commit": _all_of(rows, "commit") or str(origin.get("commit", "unknown")),
        "hardware": hardware(rows, origin),
        "date": date(origin),
        "time of all runs": duration(sum(float(row.get("seconds") or 0) for row in rows)),
        "python": str(origin.get("python", "unknown")),
        **{str(name): str(version) for name, version in origin.get("versions", {}).items()},
    }
    command = f"```\n{origin.get('command', '')}\n```"
    return command + "\n\n" + table(("", ""), [(name, escape(fact)) for name, fact in facts.items()], left=2)


def preparation(prepare: Mapping[str, Sequence[str]]) -> str:
    """The networks that were trained before the cells; empty if there are none."""
    each = [f"{_code(name)} (`{shlex.join(overrides)}`)" for name, overrides in prepare.items()]
    return f"Trained before the cells, with every seed, and no row of the results: {', '.join(each)}." if each else ""


def hardware(rows: Sequence[Mapping], origin: Mapping) -> str:
    """Devices of the runs, processors and platform."""
    known = [_all_of(rows, "device"), f"{origin['cpus']} processors" if "cpus" in origin else "", origin.get("platform")]
    return ", ".join(str(part) for part in known if part) or "unknown"


def date(origin: Mapping) -> str:
    """The day on which the ablation was started."""
    return datetime.fromtimestamp(origin["started"]).strftime("%Y-%m-%d") if "started" in origin else "unknown"


def commits(rows: Sequence[Mapping], origin: Mapping) -> str:
    """The commits of the runs, with ten digits each."""
    whole = _all_of(rows, "commit") or str(origin.get("commit", "unknown"))
    return ", ".join(c[:10] + ("+changes" if c.endswith("+changes") else "") for c in whole.split(", "))


def _all_of(rows: Sequence[Mapping], column: str) -> str:
    return ", ".join(sorted({str(row[column]) for row in rows if row.get(column)}))


def _code(name: str) -> str:
    return f"`{name}`"
