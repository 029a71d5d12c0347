"""An ablation: a question, a grid of cells, budgets, and claims."""

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
PREPARED = re.compile(r"(?<==)\{([\w.+-]+)\}$")  # an override's value: the checkpoint of what was prepared


class Budget(NamedTuple):
    """The number of seeds, and overrides that make runs shorter or longer; `prepare` are those of what is prepared."""

    seeds: int
    overrides: list[str]
    prepare: Sequence[str] = ()


class Run(NamedTuple):
    """A cell, or what is prepared for cells, with one seed, which is not among its overrides."""

    cell: str
    seed: int
    overrides: list[str]

    @property
    def needs(self) -> list[str]:
        """The names of what must be prepared for it; of two overrides of a key the later one counts."""
        last = {word.lstrip("+~").partition("=")[0]: word for word in self.overrides}
        return [match[1] for word in last.values() if (match := PREPARED.search(word))]

    def fill_in(self, prepared: Mapping[str, object]) -> list[str]:
        """The overrides, with each {name} replaced by `prepared[name]`."""

        def value_of(match: re.Match) -> str:
            if match[1] not in prepared:
                hint = did_you_mean(match[1], prepared) if prepared else ""
                raise BadInput(f"{self.cell}: {match[0]} is not among what is prepared{hint}")
            return f"'{prepared[match[1]]}'"

        return [PREPARED.sub(value_of, word) for word in self.overrides]


@dataclass(frozen=True)
class Claim:
    """A statement that results support or refute; its contrasts measure the effect."""

    name: str
    statement: str
    source: str
    metric: str
    contrasts: tuple[Contrast, ...]
    direction: str
    least_effect: float


@dataclass(frozen=True)
class Ablation:
    """One question; `file` is its YAML as it was read."""

    name: str
    question: str
    source: str
    base: list[str]
    cells: dict[str, list[str]]
    budgets: dict[str, Budget]
    metrics: dict[str, str]
    claims: list[Claim]
    prepare: dict[str, list[str]]
    file: dict

    def runs(self, budget: str, extra: Sequence[str] = ()) -> list[Run]:
        """Every cell with every seed, seed by seed; overrides of base, budget, `extra` and cell, where the last one counts."""
        chosen = self.budgets[check_choice("budget", budget, self.budgets)]
        return [
            Run(cell, seed, [*self.base, *chosen.overrides, *extra, *overrides])
            for seed in range(chosen.seeds)
            for cell, overrides in self.cells.items()
        ]

    def prepared(self, budget: str, extra: Sequence[str] = ()) -> list[Run]:
        """What is trained before the cells, with every seed. Of `extra` only the trainer's overrides apply to it."""
        chosen, trainer = self.budgets[budget], [word for word in extra if word.lstrip("+~").startswith(ABOUT_TRAINER)]
        return [
            Run(name, seed, [*overrides, *chosen.prepare, *trainer])
            for seed in range(chosen.seeds)
            for name, overrides in self.prepare.items()
        ]
