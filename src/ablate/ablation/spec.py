"""An ablation: one question, the cells that may answer it, budgets to run them at, and claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ablate.ablation.contrast import Contrast
from ablate.errors import check_choice

BUDGETS = ("smoke", "quick", "full", "gpu")
DIRECTIONS = ("greater", "less", "differs", "equivalent")
BETTER = ("maximise", "minimise")


class Budget(NamedTuple):
    """How many seeds, and what makes the runs shorter or longer."""

    seeds: int
    overrides: list[str]


class Run(NamedTuple):
    """One cell with one seed; the overrides leave the seed out."""

    cell: str
    seed: int
    overrides: list[str]


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
    given: dict

    def runs(self, budget: str, more: Sequence[str] = ()) -> list[Run]:
        """Every cell with every seed, seed by seed; a cell's overrides win over `more`, the budget's, and the base's."""
        chosen = self.budgets[check_choice("budget", budget, self.budgets)]
        return [
            Run(cell, seed, [*self.base, *chosen.overrides, *more, *overrides])
            for seed in range(chosen.seeds)
            for cell, overrides in self.cells.items()
        ]
