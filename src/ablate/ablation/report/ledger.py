"""The ledger: what came out of every ablation; its pages lie in conf/ablation and conf/experiment, its headlines in README.md."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ablate.ablation.judge.published import Answer, answers, read_published
from ablate.ablation.judge.verdict import Outcome, judge
from ablate.ablation.report import document
from ablate.ablation.report.format import DASH, MARKS, condition, duration, effect, note, plus_minus
from ablate.ablation.report.text import code, plain
from ablate.ablation.spec.ablation import Ablation
from ablate.ablation.spec.read import load
from ablate.errors import BadInput
from ablate.files import CONF, ROOT, write_atomically

PAGES = PAGE, EXPERIMENTS, README = CONF / "ablation/README.md", CONF / "experiment/README.md", ROOT / "README.md"
MOST_HEADLINES = 15


class Judged(NamedTuple):
    """A published answer and what it says."""

    answer: Answer
    outcomes: list[Outcome]

    @property
    def versions(self) -> set[str]:
        """The versions of the code that ran it."""
        return {str(row.get("code", "unknown")) for row in self.answer.rows}


class Entry(NamedTuple):
    """An ablation and its published answers, that of the largest budget first."""

    ablation: Ablation
    judged: list[Judged]


def read_ledger() -> list[Entry]:
    """Every ablation of conf/ablation, judged from its published results."""
    ablations = [load(file) for file in sorted((CONF / "ablation").glob("*.yaml"))]
    return [Entry(a, [Judged(each, judge(each.ablation, each.rows, each.design)) for each in answers(a)]) for a in ablations]


def pages(ledger: Sequence[Entry], paths: Sequence[Path] = PAGES) -> dict[Path, str]:
    """The text of each page with its table between its markers."""
    made = {"verdicts": tables, "figures": figures, "headlines": headlines}
    return {path: between(path, name, table(ledger)) for path, (name, table) in zip(paths, made.items(), strict=True)}


def remake(ledger: Sequence[Entry], paths: Sequence[Path] = PAGES) -> None:
    """Write the tables into the pages; none is written if one of them cannot be made."""
    for path, text in pages(ledger, paths).items():
        write_atomically(path, text)


def between(path: Path, name: str, text: str) -> str:
    """The text of the file with `text` between its markers."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed or begin in rest or end in before or end in after:
        raise BadInput(f"{path} must hold {begin} and after it {end}, once each")
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


def tables(ledger: Iterable[Entry]) -> str:
    """A section for each ablation that is answered, and the others by name."""
    ledger = list(ledger)
    unanswered = [entry.ablation for entry in ledger if not entry.judged]
    open_ones = [f"- **{each.name}**: {plain(each.question)}{_stale(each)}" for each in unanswered]
    rest = ["### Not answered yet", "\n".join(open_ones)] if open_ones else []
    return "\n\n".join([*(_section(e) for e in ledger if e.judged), *rest])


def headlines(ledger: Iterable[Entry]) -> str:
    """The claims that are marked as headlines and answered, each with verdict, effect and ablation."""
    ledger = list(ledger)
    marked = sum(claim.headline for entry in ledger for claim in entry.ablation.claims)
    if marked > MOST_HEADLINES:
        raise BadInput(f"{marked} claims are marked headline: true, and README.md has room for {MOST_HEADLINES}")
    lines = [
        (_verdict(o), plain(o.claim.statement), _weakest(o), entry.ablation.name)
        for entry in ledger
        for o in (entry.judged[0].outcomes if entry.judged else [])
        if o.claim.headline
    ]
    return document.table(("verdict", "claim", "effect", "ablation"), lines, left=4) if lines else "No headline is answered yet."


def figures(ledger: Iterable[Entry]) -> str:
    """A line for each claim that compares a cell with a published figure: both, their difference, and what differs in protocol."""
    lines = [
        _figure(entry, o)
        for entry in ledger
        for o in (entry.judged[0].outcomes if entry.judged else [])
        if o.claim.protocol and o.n
    ]
    heads = ("what (source)", "metric", "published", "ours", "difference, plain 95 %", "seeds", "a run", "what differs", "ablation")
    return document.table(heads, lines, left=2) if lines else "No published figure is compared yet."


def _figure(entry: Entry, outcome: Outcome) -> list[str]:
    claim, (answer, _), found = outcome.claim, entry.judged[0], outcome.estimates[0]
    published = claim.contrasts[0].constant
    runs = [float(str(row.get("seconds") or "nan")) for row in answer.rows if row["cell"] in claim.cells]
    said = [
        plain(f"{claim.statement} ({claim.source})"),
        plain(claim.metric),
        f"{published:g}",
        plus_minus(list(found.values + published)),
    ]
    return [*said, effect(found), str(outcome.n), duration(float(np.mean(runs))), plain(claim.protocol), entry.ablation.name]


def _weakest(outcome: Outcome) -> str:
    """The effect; of several the one nearest to zero, and of how many it is that."""
    if not (found := outcome.estimates):
        return DASH
    return effect(min(found, key=lambda each: abs(each.mean))) + (f" (the least of {len(found)})" if len(found) > 1 else "")


def _section(entry: Entry) -> str:
    (largest, *others), ablation = entry.judged, entry.ablation
    heads = ["verdict", "claim (source)", "metric", "effect", "counts if", "seeds", *(f"at {o.answer.budget}" for o in others)]
    lines, exploratory = [], []
    for i, outcome in enumerate(largest.outcomes):
        claim = outcome.claim
        stated, shown = plain(f"{claim.statement} ({claim.source})"), (_effects(outcome), condition(claim), str(outcome.n))
        said = [stated, plain(claim.metric), *shown]
        if claim.exploratory:
            exploratory.append(said)
        else:
            noted = _verdict(outcome) + (f"<br>{plain(why)}" if (why := note(outcome)) else "")
            lines.append([noted, *said, *(_verdict(other.outcomes[i]) for other in others)])
    parts = [f"### {ablation.name}", plain(ablation.question)]
    parts += [document.table(heads, lines, left=3)] if lines else []
    parts += [_agreement(largest, other) for other in others]
    if exploratory:
        parts += [
            "Exploratory, without verdicts, with plain 95 % intervals:",
            document.table(["exploratory claim", *heads[2:6]], exploratory, left=2),
        ]
    return "\n\n".join([*parts, *(_origin(each) for each in entry.judged)])


def _agreement(largest: Judged, other: Judged) -> str:
    pairs = [(a.verdict, b) for a, b in zip(largest.outcomes, other.outcomes, strict=True) if not a.claim.exploratory]
    counts = Counter("agrees" if verdict == b.verdict else "contradicts" if b.decided else "leaves open" for verdict, b in pairs)
    contradicts = [code(b.claim.name) for verdict, b in pairs if b.decided and verdict != b.verdict]
    named = f" ({', '.join(contradicts)})" if contradicts else ""
    counted = f"{counts['agrees']}, leaves {counts['leaves open']} open and says otherwise of {counts['contradicts']}{named}"
    return (
        f"`{other.answer.budget}` against `{largest.answer.budget}`, claim by claim: of {len(pairs)} it says the same of {counted}."
    )


def _origin(judged: Judged) -> str:
    answer, rows = judged.answer, judged.answer.rows
    facts = [
        f"Registration `{answer.registration}`",
        f"commit {document.commits(rows)}",
        f"code {', '.join(sorted(judged.versions))}",
        document.hardware(rows, {}),
        document.date(rows, {}),
        f"all runs {duration(sum(float(str(row.get('seconds') or 0)) for row in rows))}",
    ]
    return f"Budget `{answer.budget}`. {document.tested_when(answer)} {facts[0]}, {', '.join(map(plain, filter(None, facts[1:])))}."


def _stale(ablation: Ablation) -> str:
    rows = [row for row in read_published(ablation.name) if row["stage"] == "answer"]
    return " (What is published was registered for other claims.)" if rows else ""


def _verdict(outcome: Outcome) -> str:
    return f"{MARKS[outcome.verdict]} {outcome.verdict}"


def _effects(outcome: Outcome) -> str:
    return "<br>".join(map(effect, outcome.estimates)) or DASH
