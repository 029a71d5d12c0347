"""The words of a script that Hydra does not read. What an argument can be is an annotation, as for an option of a config."""

import argparse
import sys
from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from ablate.errors import BadInput
from ablate.schema.options import faults


class Arguments(argparse.ArgumentParser):
    """A parser that answers a mistake by one line.

    Args:
        doc: what --help begins with.
    """

    def __init__(self, doc: str) -> None:
        super().__init__(description=doc, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False)
        self.hints: dict[str, Any] = {}

    def argument(self, name: str, hint: Any, **options: Any) -> None:
        """Add an argument, whose value is what `hint` says."""
        self.add_argument(name, **options)
        self.hints[name] = hint

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; --help shows what can be given")

    def read(self, words: Sequence[str] | None = None) -> Namespace:
        """The arguments among the words of a command line, options and others in any order."""
        words = sys.argv[1:] if words is None else words
        for before, word in zip(("", *words), words):
            if not word or word.startswith("--") and word.endswith("="):
                raise BadInput(f"{word or before or 'an argument'} is empty: leave it out, or give a value")
        given = self.parse_intermixed_args(words)
        for name, hint in self.hints.items():
            value = _number(getattr(given, name.lstrip("-")), hint)
            for fault in faults(name, value, hint):
                raise BadInput(fault.line(fault.name))
            setattr(given, name.lstrip("-"), value)
        return given


def _number(value: object, hint: Any) -> object:
    """The number that a text looks like, where no text is wanted."""
    if isinstance(value, str) and any(faults("", value, hint)):
        for kind in (int, float):
            with suppress(ValueError):
                return kind(value)
    return value
