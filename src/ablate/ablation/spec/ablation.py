"""An ablation: a question, a grid of cells, budgets, and claims."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import log
from typing import NamedTuple

from ablate.ablation.spec.contrast import Contrast
from ablate.errors import BadInput, check_choice, did_you_mean

BUDGETS = ("smoke", "quick", "full", "gpu")
DIRECTIONS = ("greater", "less", "differs", "equivalent")
BETTER = ("maximise", "minimise")
SCALES = ("linear", "log")
TESTS = ("t", "sign_flip", "sign")
ABOUT_TRAINER = ("trainer=", "trainer.", "debug=")
SEED = "{seed}"  # an override's value: the seed of the run
PREPARED = re.compile(r"(?<==)\{([\w.+-]+)\}$")  # an override's value: the checkpoint of what was prepared


class Budget(NamedTuple):
    """The number of seeds, and overrides that make runs shorter or longer; `prepare` are those of what is prepared.

    `cells` are names and patterns of the cells that this budget has; None: all.
    """

    seeds: int
    overrides: list[str]
    prepare: Sequence[str] = ()
    cells: Sequence[str] | None = None


class Looks(NamedTuple):
    """When claims are tested: after so many seeds, with so much of the error of .05 each; the weights sum to one."""

    seeds: tuple[int, ...]
    weights: tuple[float, ...]


class Run(NamedTuple):
    """A cell, or what is prepared for cells, with one seed, which is not among its overrides."""

    cell: str
    seed: int
    overrides: list[str]

    @classmethod
    def seeded(cls, cell: str, seed: int, overrides: Iterable[str]) -> "Run":
        """A run whose overrides KEY={seed} have its seed, as `data.dataset.seed={seed}`, which draws new data for each seed."""
        return cls(cell, seed, [word.removesuffix(SEED) + str(seed) if word.endswith(f"={SEED}") else word for word in overrides])

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


class Tune(NamedTuple):
    """What is chosen for each cell before anything is compared: the point of a grid with the best mean on validation.

    Attributes:
        grid: maps keys to values; every combination is tried.
        metric: of the validation split; `better` is maximise or minimise.
        seeds: how many are averaged; they are not those of the comparison.
    """

    grid: dict[str, list]
    metric: str
    better: str
    seeds: int

    @property
    def points(self) -> list[list[str]]:
        """The overrides of each point of the grid."""
        return [[f"{key}={value}" for key, value in zip(self.grid, values, strict=True)] for values in product(*self.grid.values())]


@dataclass(frozen=True)
class Claim:
    """A statement that results support or refute; its contrasts measure the effect.

    Attributes:
        scale: linear, where the effect is a difference; or log, where it is a ratio and `least_effect` a factor.
        test: t (Student's, about the mean of normal effects), sign_flip (exact, about the mean of symmetric effects) or
            sign (exact, about the median).
        exploratory: shown with a plain interval; no verdict, no part of the correction.
        worst: stands for a value that a finished run does not have, such as the error of one that diverged; None: none does.
        headline: whether README.md quotes it.
        protocol: where a cell is compared with a published figure, how that was measured otherwise than ours.
    """

    name: str
    statement: str
    source: str
    metric: str
    contrasts: tuple[Contrast, ...]
    direction: str
    least_effect: float
    scale: str = "linear"
    test: str = "t"
    exploratory: bool = False
    worst: float | None = None
    headline: bool = False
    protocol: str = ""

    @property
    def cells(self) -> list[str]:
        """The cells that its contrasts name, each once."""
        return list(dict.fromkeys(cell for contrast in self.contrasts for cell in contrast.weights))

    @property
    def least(self) -> float:
        """The least effect on the scale of the contrasts."""
        return log(self.least_effect) if self.scale == "log" else self.least_effect

    def registered(self) -> dict[str, object]:
        """All that decides its verdict."""
        contrasts = [{"weights": c.weights, "constant": c.constant} for c in self.contrasts]
        names = ("metric", "direction", "least_effect", "scale", "test", "exploratory", "worst")
        return {"contrasts": contrasts, **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True)
class Ablation:
    """One question; `file` is its YAML as it was read. Cells and claims are those of one budget, if it was read for one."""

    name: str
    question: str
    source: str
    base: list[str]
    cells: dict[str, list[str]]
    budgets: dict[str, Budget]
    metrics: dict[str, str]
    claims: list[Claim]
    prepare: dict[str, list[str]]
    looks: Looks
    first_seed: int
    tune: Tune | None
    file: dict

    @property
    def asked(self) -> dict[str, list[str]]:
        """The metrics that runs of each cell must end with: those of its claims, and of the first cell those of no claim, too."""
        asked = {cell: [claim.metric for claim in self.claims if cell in claim.cells] for cell in self.cells}
        of_claims = {claim.metric for claim in self.claims}
        asked[next(iter(self.cells))] += [metric for metric in self.metrics if metric not in of_claims]
        return {cell: list(dict.fromkeys(metrics)) for cell, metrics in asked.items()}

    def design(self, budget: str, until_decided: bool = False) -> Looks:
        """When the claims are tested: once, after the seeds of the budget; or at the looks of the file, until decided."""
        return self.looks if until_decided else Looks((self.budgets[budget].seeds,), (1.0,))

    def seeds(self, n: int) -> range:
        """The first n seeds."""
        return range(self.first_seed, self.first_seed + n)

    def registration(self, budget: str, design: Looks) -> dict[str, object]:
        """What is fixed before the first run: the claims without their words, the design, the seeds."""
        claims = {claim.name: claim.registered() for claim in self.claims}
        return {"budget": budget, "first_seed": self.first_seed, **design._asdict(), "claims": claims}

    def runs(
        self,
        budget: str,
        extra: Sequence[str] = (),
        seeds: Iterable[int] | None = None,
        tuned: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Run]:
        """Every cell with every seed, seed by seed.

        Args:
            extra: overrides between those of base and budget and those of the cell; the last one of a key counts.
            seeds: those of the budget where it is None.
            tuned: what was chosen for cells, after all other overrides.
        """
        chosen = self.budgets[check_choice("budget", budget, self.budgets)]
        return [
            Run.seeded(cell, seed, [*self.base, *chosen.overrides, *extra, *overrides, *(tuned or {}).get(cell, ())])
            for seed in (self.seeds(chosen.seeds) if seeds is None else seeds)
            for cell, overrides in self.cells.items()
        ]

    def prepared(self, budget: str, extra: Sequence[str] = (), seeds: Iterable[int] | None = None) -> list[Run]:
        """What is trained before the cells, with every seed.

        All of `extra` applies to what begins with the overrides of every cell, such as a stage of the same training; of what is
        another training, on other data, only the trainer's.
        """
        chosen, trainer = self.budgets[budget], [word for word in extra if word.lstrip("+~").startswith(ABOUT_TRAINER)]
        also = {
            name: extra if self.base and words[: len(self.base)] == self.base else trainer for name, words in self.prepare.items()
        }
        return [
            Run.seeded(name, seed, [*overrides, *chosen.prepare, *also[name]])
            for seed in (self.seeds(chosen.seeds) if seeds is None else seeds)
            for name, overrides in self.prepare.items()
        ]
