"""Texts of one's own, each with a label or a number, from a table."""

from collections.abc import Sequence

from ablate.data.own.rows import Refuse, Role, Table, place, read_parts, stop
from ablate.data.own.splits import Splits
from ablate.data.split import Split
from ablate.data.text.labelled import Example

TEXTS = ("text", "sentence", "review", "comment", "content", "question", "body", "title", "message")
LABELS = ("label", "class", "category", "sentiment", "target", "score", "rating", "stars", "number", "value", "y")


def table(
    split: Split, *, text: str | int | None, label: str | int | None, table: Table, splits: Splits, refuse: Refuse = stop
) -> Sequence[Example]:
    """A text with its label a row; equal texts come into one split where they are drawn.

    Args:
        text, label: their columns; None: those that are called so, or alike.

    Raises:
        BadInput: what `Table` and `Splits` refuse; an empty text or label.
    """
    roles = [Role("text", text, TEXTS), Role("label", label, LABELS)]
    what = "a CSV, TSV or JSON lines file with a text and a label a row"
    make = lambda row: Example(row["text"], row["label"], row.location)  # noqa: E731
    parts = read_parts(table, splits, roles, make, what, refuse=refuse)
    return splits.choose(split, parts, lambda example: place(example.location), lambda example: example.text)
