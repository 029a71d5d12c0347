"""The parts of report.md, as Markdown."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from pathlib import Path

from ablate.ablation.judge import statistics
from ablate.ablation.judge.published import Answer
from ablate.ablation.judge.verdict import Outcome, unattainable
from ablate.ablation.report.cells import CellSummary, best
from ablate.ablation.report.format import DASH, MARKS, abbreviated, condition, duration, effect, note, plus_minus, probability
from ablate.ablation.report.logs import last_lines
from ablate.ablation.report.text import attribute, block, code, plain

ARROW = {"maximise": "↑", "minimise": "↓"}


def table(heads: Sequence[str], lines: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are aligned left, the others right."""
    rule = [":--" if i < left else "--:" for i in range(len(heads))]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in [heads, rule, *lines])


def folded(summary: str, *parts: str) -> list[str]:
    """Parts that the page shows on a click on their summary."""
    return [f'<details markdown="1"><summary>{attribute(summary)}</summary>', *parts, "</details>"]


def claims_table(outcomes: Sequence[Outcome], constant: Mapping[str, Sequence[int]]) -> str:
    """One row for each claim: verdict, statement and source, effects, condition, n, g and p.

    Args:
        constant: cells and seeds of runs that predict one class only, which are named beside the verdicts that they touch.
    """
    heads = ("verdict", "claim", "measured", "effect, simultaneous 95 %", "counts if", "n", "g", "p")
    return table(heads, [_claim(outcome, constant) for outcome in outcomes], left=3)


def exploratory_table(outcomes: Sequence[Outcome], constant: Mapping[str, Sequence[int]]) -> str:
    """One row for each claim that is exploratory: no verdict, no p."""
    heads = ("claim", "measured", "effect, plain 95 %", "would count if", "n", "g")
    return table(heads, [_claim(outcome, constant)[1:-1] for outcome in outcomes], left=2)


def _claim(outcome: Outcome, constant: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    claim, estimates = outcome.claim, outcome.estimates
    touched = {cell: constant[cell] for cell in sorted(claim.cells) if cell in constant}
    count = sum(map(len, touched.values()))
    one_class = f"{count} of its runs predict{'s' * (count == 1)} one class only: {', '.join(map(code, touched))}"
    said = [plain(why)] if (why := note(outcome)) else []
    verdict = "<br>".join([f"**{MARKS[outcome.verdict]} {outcome.verdict}**", *said, *([one_class] if touched else [])])
    statement = f"{plain(claim.statement)}<br>*{plain(claim.source)}*"
    measured = f"{plain(claim.metric)}:<br>" + "<br>".join(code(e.label) for e in estimates)
    effects = "<br>".join(effect(e) for e in estimates)
    sizes = "<br>".join(f"{e.size:+.2f}" if isfinite(e.size) else DASH for e in estimates)
    p = DASH if outcome.verdict == "incomplete" else probability(outcome.p)
    return verdict, statement, measured, effects, condition(claim), str(outcome.n), sizes, p


def came_out(outcomes: Iterable[Outcome]) -> str:
    """`4 of 6 claims are decided: 3 supported, 1 refuted; 2 inconclusive`."""
    counts = Counter(outcome.verdict for outcome in outcomes if not outcome.claim.exploratory)
    decided = [f"{counts[verdict]} {verdict}" for verdict in ("supported", "refuted") if counts[verdict]]
    others = [f"{counts[verdict]} {verdict}" for verdict in ("inconclusive", "incomplete") if counts[verdict]]
    told = "; ".join(filter(None, [", ".join(decided), ", ".join(others)]))
    return f"{counts['supported'] + counts['refuted']} of {counts.total()} claims are decided: {told}"


def claims_legend(outcomes: Sequence[Outcome]) -> str:
    """Explains the columns of `claims_table`, and names outlying seeds."""
    text = (
        'The effect is a difference (or a ratio: "times") within each seed, as every cell runs with the same seeds; *n* counts '
        "them. All intervals of all claims hold their true effects together with a probability of 95 %; they cover what changes "
        "with the seed of training, not the choice of test pictures. *p* is adjusted for all claims and looks. *g* is the mean "
        "over the standard deviation with Hedges' correction."
    )
    assumed = [outcome for outcome in outcomes if outcome.outliers and outcome.claim.test != "sign"]
    far = "; ".join(f"{code(outcome.claim.name)} seed {', '.join(map(str, outcome.outliers))}" for outcome in assumed)
    return text + (
        f"\n\n**Outlying seeds**, whose effects lie far from the others; mind what the test assumes: {far}." if far else ""
    )


TESTS = {
    "t": "Student's t test assumes that effects are normal",
    "sign_flip": "The sign-flip test assumes that effects are symmetric",
    "sign": "The sign test is about the median and assumes nothing",
}


def design(answer: Answer) -> str:
    """When claims are tested, what was registered, how often verdicts are false, and what the design cannot decide."""
    ablation, looks = answer.ablation, answer.design
    tests = dict.fromkeys(claim.test for claim in ablation.claims if not claim.exploratory)
    return "\n\n".join(
        [
            f"{tested_when(answer)} Claims, tests, margins, looks and seeds are registered as `{answer.registration}`.",
            *(_false_verdicts(test, answer.until_decided) for test in tests),
            *(f"{code(name)} cannot be decided: {plain(reason)}." for name, reason in unattainable(ablation, looks).items()),
        ]
    )


def tested_when(answer: Answer) -> str:
    """`Fixed design: each claim is tested once, after 5 seeds.`."""
    seeds, weights = answer.design
    if not answer.until_decided:
        return f"Fixed design: each claim is tested once, after {seeds[0]} seed{'s' * (seeds[0] > 1)}."
    listed, shares = ", ".join(map(str, seeds)), ", ".join(f"{w:g}".removeprefix("0") for w in weights)
    return f"Seeds until decided: a claim is tested after {listed} seeds, with {shares} of the error of .05."


def _false_verdicts(test: str, until_decided: bool) -> str:
    normal, skewed, failing = statistics.FALSE_VERDICTS[test, until_decided]
    when = "looks after 8, 12, 16 and 20 seeds" if until_decided else "a fixed design of ten seeds"
    return (
        f"{TESTS[test]}: in simulations of ten claims without an effect, with {when}, any verdict is false in {normal} % of "
        f"ablations where effects are normal, in {skewed} % where they are skewed (exponential), and in {failing} % where one run "
        "in ten fails."
    )


def tuning(tuned: Mapping[str, Sequence[str]] | None) -> str:
    """What was chosen for each cell; empty where nothing was."""
    lines = [(code(cell), code(shlex.join(words))) for cell, words in (tuned or {}).items()]
    return table(("cell", "chosen"), lines, left=2) if lines else ""


def cells_table(cells: Sequence[CellSummary], metrics: Mapping[str, str], majority: Mapping[str, float]) -> str:
    """One row for each cell: mean ± standard deviation of each metric, the best mean in bold, and the cost of a run.

    Args:
        majority: maps metrics to the score of always predicting the majority class, the last row.
    """
    top = {metric: best(cells, metric, better) for metric, better in metrics.items()}
    heads = ["cell", *(f"{plain(m)} {ARROW[b]}" for m, b in metrics.items()), "parameters", "multiply-adds", "time a run", "n"]
    lines = []
    for cell in cells:
        values = {metric: plus_minus(cell.scores[metric]) for metric in metrics}
        bold = [f"**{text}**" if cell.name in top[metric] else text for metric, text in values.items()]
        n = str(cell.finished) if cell.finished == cell.runs else f"{cell.finished} of {cell.runs}"
        costs = abbreviated(cell.parameters), abbreviated(cell.multiply_adds), duration(cell.seconds)
        lines.append([code(cell.name), *bold, *costs, n])
    if majority:
        known = (f"{majority[metric]:.3f}" if metric in majority else DASH for metric in metrics)
        lines.append(["*always the majority class*", *known, DASH, DASH, DASH, DASH])
    return table(heads, lines)


def pictures(paths: Mapping[str, str]) -> str:
    """One picture for each cell, with the cell's name below."""
    figures = [
        f'<figure><img src="{attribute(path)}" alt="{attribute(name)}"><figcaption>{attribute(name)}</figcaption></figure>'
        for name, path in paths.items()
    ]
    return '<div class="pictures">\n' + "\n".join(figures) + "\n</div>"


def failures(rows: Iterable[Mapping], folder: Path) -> str:
    """Every run without a result: the reason, and the last lines of its log, if that lies in `folder`."""
    parts = []
    for row in rows:
        if row.get("status") != "finished":
            reason = f": {plain(row['error'])}" if row.get("error") else ""
            parts.append(f"**{code(row['cell'])}, seed {row['seed']}**, {plain(row.get('status', 'absent'))}{reason}")
            parts += [block(lines)] if (lines := last_lines(Path(str(row.get("folder", ""))), folder)) else []
    return "\n\n".join(parts)


def reproduction(rows: Sequence[Mapping], origin: Mapping) -> str:
    """The command that reproduces the results, and the commit, versions and machine that they come from."""
    facts = {
        "commit": _all_of(rows, "commit") or str(origin.get("commit", "unknown")),
        "version of the code": _all_of(rows, "code"),
        "hardware": hardware(rows, origin),
        "date": date(rows, origin),
        "time of all runs": duration(sum(float(row.get("seconds") or 0) for row in rows)),
        "python": str(origin.get("python", "")),
        **{str(name): str(version) for name, version in origin.get("versions", {}).items()},
    }
    command = block(origin.get("command", ""))
    return command + "\n\n" + table(("", ""), [(plain(name), plain(fact)) for name, fact in facts.items() if fact], left=2)


def preparation(prepare: Mapping[str, Sequence[str]]) -> str:
    """The networks that were trained before the cells; empty if there are none."""
    each = [f"{code(name)} ({code(shlex.join(overrides))})" for name, overrides in prepare.items()]
    return f"Trained before the cells, with every seed, and no row of the results: {', '.join(each)}." if each else ""


def hardware(rows: Sequence[Mapping], origin: Mapping) -> str:
    """Devices of the runs, processors and platform."""
    known = [_all_of(rows, "device"), f"{origin['cpus']} processors" if "cpus" in origin else "", origin.get("platform")]
    return ", ".join(str(part) for part in known if part) or "unknown"


def date(rows: Sequence[Mapping], origin: Mapping) -> str:
    """The days on which the first and the last run were started; else that of the command; empty if none is known."""
    days = sorted({str(row["date"]) for row in rows if row.get("date")})
    if days:
        return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return datetime.fromtimestamp(origin["started"]).strftime("%Y-%m-%d") if "started" in origin else ""


def commits(rows: Sequence[Mapping]) -> str:
    """The commits of the runs, with ten digits each."""
    return ", ".join(commit[:10] for commit in _all_of(rows, "commit").split(", "))


def _all_of(rows: Sequence[Mapping], column: str) -> str:
    return ", ".join(sorted({str(row[column]) for row in rows if row.get(column)}))
