"""The one console: what commands, runs and reports print on standard output."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)  # [x] and :x: of a path or a name stay as they are


def print_table(title: str | None, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, its first column left-aligned, the others right-aligned."""
    table = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left")
    for row in rows:
        table.add_row(*map(str, row))
    console.print(table)
