"""An ablation: one question, the cells that may answer it, budgets to run them at, and claims."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ablate.ablation.spec.contrast import Contrast
from ablate.errors import BadInput, check_choice, did_you_mean

BUDGETS = ("smoke", "quick", "full", "gpu")
DIRECTIONS = ("greater", "less", "differs", "equivalent")
BETTER = ("maximise", "minimise")
ABOUT_TRAINER = ("trainer=", "trainer.", "debug=")
PREPARED = re.compile(r"(?<==)\{([\w.+-]+)\}$")  # the value of an override: where what was prepared lies


class Budget(NamedTuple):
    """How many seeds, and what makes the runs, and those that are prepared, shorter or longer."""

    seeds: int
    overrides: list[str]
    prepare: Sequence[str] = ()


class Run(NamedTuple):
    """One cell, or what is prepared for cells, with one seed; the overrides leave the seed out."""

    cell: str
    seed: int
    overrides: list[str]

    @property
    def needs(self) -> list[str]:
        """What must be prepared for it; of two overrides of a key the later one counts."""
        last = {word.lstrip("+~").partition("=")[0]: word for word in self.overrides}
        return [found[1] for word in last.values() if (found := PREPARED.search(word))]

    def filled(self, prepared: Mapping[str, object]) -> list[str]:
        """The overrides with what stands in `prepared` for each {name}."""

        def fill(found: re.Match) -> str:
            if found[1] not in prepared:
                hint = did_you_mean(found[1], prepared) if prepared else ""
                raise BadInput(f"{self.cell}: {found[0]} is not among what is prepared{hint}")
            return f"'{prepared[found[1]]}'"

        return [PREPARED.sub(fill, word) for word in self.overrides]


@dataclass(frozen=True)
class Claim:
    """A statement that runs can support or refute; its effect is what its contrasts measure."""

    name: str
    statement: str
    source: str
    metric: str
    contrasts: tuple[Contrast, ...]
    direction: str
    least_effect: float


@dataclass(frozen=True)
class Ablation:
    """One question; `given` is the file as it was read."""

    name: str
    question: str
    source: str
    base: list[str]
    cells: dict[str, list[str]]
    budgets: dict[str, Budget]
    metrics: dict[str, str]
    claims: list[Claim]
    prepare: dict[str, list[str]]
    given: dict

    def runs(self, budget: str, more: Sequence[str] = ()) -> list[Run]:
        """Every cell with every seed, seed by seed; a cell's overrides win over `more`, the budget's, and the base's."""
        chosen = self.budgets[check_choice("budget", budget, self.budgets)]
        return [
            Run(cell, seed, [*self.base, *chosen.overrides, *more, *overrides])
            for seed in range(chosen.seeds)
            for cell, overrides in self.cells.items()
        ]

    def prepared(self, budget: str, more: Sequence[str] = ()) -> list[Run]:
        """What is trained before the cells, with every seed; of `more`, what is about the trainer alone concerns it."""
        chosen, trainer = self.budgets[budget], [word for word in more if word.lstrip("+~").startswith(ABOUT_TRAINER)]
        return [
            Run(name, seed, [*overrides, *chosen.prepare, *trainer])
            for seed in range(chosen.seeds)
            for name, overrides in self.prepare.items()
        ]
