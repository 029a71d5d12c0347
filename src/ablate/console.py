"""The one console: what commands, runs and reports print on standard output."""

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
