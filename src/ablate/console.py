"""The one console: what commands, runs and reports print on standard output."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)], "�")  # all but tabs and line ends


class TextConsole(Console):
    """Prints text: control characters, which a terminal would obey, are replaced. The words of a network may be somebody else's."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(each.translate(CONTROLS) if isinstance(each, str) else each for each in objects), **options)


console = TextConsole(
    markup=False, emoji=False, highlight=False, soft_wrap=True
)  # [x] and :x: of a path or a name stay as they are


def print_table(title: str | None, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, its first column left-aligned, the others right-aligned."""
    table = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left")
    for row in rows:
        table.add_row(*(str(each).translate(CONTROLS) for each in row))
    console.print(table)
