"""Texts: how long they are, how many words, which labels and how often."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

from ablate.command.inspect_data.findings import Findings, Items
from ablate.console import console, print_table
from ablate.data.text.labelled import FEW_CLASSES, Example, class_index
from ablate.data.text.tokeniser import SPECIAL

MOST_LABELS, WIDTH = 40, 80


def inspect_labelled(items: Items, findings: Findings) -> None:
    """Texts with a label or a number each."""
    print_lengths(items, findings, {"text": lambda each: each[0]})
    labels = {split: [str(each[1]) for each in each_split] for split, each_split in items.items()}
    every = sum(labels.values(), [])
    if findings.options.get("numbers") or (len({*every}) > FEW_CLASSES and all(map(_is_number, every))):
        _print_numbers(labels)
        findings.words = ["task=sequence_regression"]
    else:
        print_shares("label", labels)
        names = findings.options.get("class_names")
        for each in [Example(*each) for part in items.values() for each in part] if names else []:
            findings.kept(class_index, each.label, names, each.location or repr(each.text[:40]))
    _print_examples(findings, items, lambda each: f"{each[1]}: {each[0]}")


def inspect_pairs(items: Items, findings: Findings) -> None:
    """Pairs of texts."""
    print_lengths(items, findings, {"source": lambda each: each[0], "target": lambda each: each[1]})
    _print_examples(findings, items, lambda each: f"{each[0]}  →  {each[1]}")


def inspect_tagged(items: Items, findings: Findings) -> None:
    """Sentences with a tag for each word."""
    print_lengths(items, findings, {"sentence": lambda each: [findings.tokeniser.normalise(word.form) for word in each]})
    print_shares("tag", {split: [word.tag for sentence in part for word in sentence] for split, part in items.items()})
    names = findings.options.get("class_names")
    for word in [word for part in items.values() for sentence in part for word in sentence] if names else []:
        findings.kept(class_index, word.tag, names, word.location)
    _print_examples(findings, items, lambda each: " ".join(f"{word.form}/{word.tag}" for word in each))


def inspect_text(items: Items, findings: Findings) -> None:
    """One long text."""
    text = items["all"][0]
    tokens = Counter(findings.tokeniser.split(text))
    rows = [("characters", f"{len(text):,}"), ("lines", f"{len(text.splitlines()):,}"), ("words", f"{len(text.split()):,}")]
    print_table(None, ("", "all"), [*rows, (f"different {findings.tokeniser.unit}", f"{len(tokens):,}")])
    rare = [token for token, count in tokens.items() if count < 5]
    console.print(f"{len(rare):,} of them fewer than five times, such as {' '.join(map(repr, rare[:10]))}")
    console.print(f"it begins with {text[:WIDTH]!r}")


def print_lengths(items: Items, findings: Findings, fields: Mapping[str, Callable[[Any], str | list[str]]]) -> None:
    """For each text of the items: fewest, middle and most tokens, different ones, and the share that training does not have."""
    tokeniser, rows, every = findings.tokeniser, [], list[int]()
    for field, of in fields.items():
        known: set[str] = set()
        for split, part in items.items():
            given = [of(each) for each in part]
            texts = [tokeniser.split(each) if isinstance(each, str) else each for each in given]
            sizes, counts = sorted(map(len, texts)) or [0], Counter(token for text in texts for token in text)
            if split == "train":
                known = {token for token, count in counts.items() if count >= tokeniser.min_count and token not in SPECIAL}
            unknown = sum(count for token, count in counts.items() if token not in known) / max(1, counts.total())
            every += sizes
            cells = (sizes[0], sizes[len(sizes) // 2], sizes[-1], len(counts))
            rows.append((field, split, *(f"{each:,}" for each in cells), f"{unknown:.1%}"))
    unit = tokeniser.unit
    print_table(None, (unit, "split", "fewest", "median", "most", "different", "unknown"), rows)
    longest = findings.options.get("max_length")
    if longest and (cut := sum(size > longest for size in every)):
        console.print(f"{cut:,} of {len(every):,} are longer than data.max_length={longest}, and read up to there")


def print_shares(name: str, labels: Mapping[str, Sequence[Any]]) -> None:
    """The share of each label in each split."""
    counts = {split: Counter(map(str, each)) for split, each in labels.items()}
    total = sum(counts.values(), Counter[str]())
    rows = [
        (label, *(f"{count[label] / max(1, count.total()):.1%}" for count in counts.values()))
        for label, _ in total.most_common(MOST_LABELS)
    ]
    print_table(None, (name, *counts), rows)
    if len(total) > MOST_LABELS:
        console.print(f"and {len(total) - MOST_LABELS:,} more")
    untaught = [label for label in total if "train" in counts and not counts["train"][label]]
    if untaught:
        console.print(f"never in training, so that no network can learn it: {', '.join(untaught[:10])}")


def _print_numbers(labels: Mapping[str, Sequence[str]]) -> None:
    rows = []
    for split, each in labels.items():
        numbers = sorted(float(value) for value in each if _is_number(value)) or [0.0]
        cells = (numbers[0], numbers[len(numbers) // 2], numbers[-1], sum(numbers) / len(numbers))
        rows.append((split, *(f"{value:g}" for value in cells)))
    print_table(None, ("number", "least", "median", "most", "mean"), rows)
    console.print("data.unit=NUMBER divides them: a network learns best what is about 1")


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < inf
    except ValueError:
        return False


def _print_examples(findings: Findings, items: Items, line: Callable[[Any], str]) -> None:
    for each in findings.shown(next(iter(items.values()))):
        text = " ".join(line(each).split())
        console.print(f"  {text if len(text) <= WIDTH * 2 else f'{text[: WIDTH * 2 - 1]}…'}")
