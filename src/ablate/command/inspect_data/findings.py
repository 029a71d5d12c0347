"""What an inspection has found so far."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.console import console
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.figure.contact_sheet import Shown, contact_sheet

Items = Mapping[str, Sequence[Any]]  # split -> what a reader gives for it
SHEET = "contact_sheet.png"


class Findings:
    """Faults, and words for the command that trains.

    Args:
        options: of the data set, as the config has them.
        output: the folder for what is drawn and written.
        examples: how many are shown.
    """

    def __init__(self, options: Mapping[str, Any], output: Path, examples: int) -> None:
        self.options, self.output, self.examples = options, output, examples
        self.words: list[str] = []
        self._faults: dict[str, None] = {}

    @property
    def faults(self) -> list[str]:
        """Each once, in the order in which they were found."""
        return list(self._faults)

    @property
    def tokeniser(self) -> Tokeniser:
        return self.options["tokeniser"]

    def fault(self, error: BadInput) -> None:
        """Keep a fault."""
        self._faults[str(error)] = None

    def kept(self, function: Callable[..., Any], *arguments: object) -> Any:
        """What the function returns; None where it raises a BadInput, which is kept."""
        try:
            return function(*arguments)
        except BadInput as error:
            self.fault(error)
            return None

    def shown(self, items: Sequence[Any]) -> list[Any]:
        """Examples, spread evenly over the items."""
        count = min(self.examples, len(items))
        return [items[i * len(items) // count] for i in range(count)]

    def draw(self, pictures: Sequence[Shown], legend: Mapping[str, Sequence[int]] | None = None) -> None:
        """Draw the contact sheet."""
        if pictures:
            self.output.mkdir(parents=True, exist_ok=True)
            contact_sheet(pictures, legend or {}).savefig(self.output / SHEET, dpi=100)
            console.print(f"look at {self.output / SHEET}")
