"""A composed config and a table, as every benchmark needs them."""

import tempfile
from collections.abc import Sequence

from omegaconf import DictConfig
from rich.table import Table

from ablate.cli.compose import compose_run
from ablate.console import console


def composed(overrides: Sequence[str]) -> DictConfig:
    """conf/train.yaml with overrides, outside any run; the files of a run go into a temporary folder."""
    return compose_run("train", tempfile.mkdtemp(prefix="ablate_benchmark_"), overrides)


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, its first column left-aligned, the others right-aligned."""
    table = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left")
    for row in rows:
        table.add_row(*map(str, row))
    console.print(table)
