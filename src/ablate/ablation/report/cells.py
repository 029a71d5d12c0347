"""Results by cell: the values of every metric, and what a run costs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ablate.ablation.judge.results import MAJORITY, PREDICTED_CLASSES, scores

BOLD_WITHIN = 1e-9  # of the best mean: equal but for rounding


@dataclass(frozen=True)
class CellSummary:
    """One cell over its finished runs; `scores` maps each metric to the values of the seeds."""

    name: str
    runs: int
    finished: int
    scores: dict[str, list[float]]
    parameters: float | None
    multiply_adds: float | None
    seconds: float | None

    def mean(self, metric: str) -> float | None:
        """Mean over seeds; None if no seed has a value."""
        return float(np.mean(self.scores[metric])) if self.scores[metric] else None


def summarise(rows: Iterable[Mapping], names: Sequence[str], metrics: Collection[str]) -> list[CellSummary]:
    """One CellSummary for each name, in this order."""
    by_cell: dict[str, list[Mapping]] = {name: [] for name in names}
    for row in rows:
        by_cell.setdefault(str(row["cell"]), []).append(row)
    return [_summary(name, group, metrics) for name, group in by_cell.items()]


def majority(rows: Iterable[Mapping], metrics: Collection[str]) -> dict[str, float]:
    """Maps metrics to the mean over runs of the score of always predicting the majority class, where runs have it."""
    rows = list(rows)
    found = {metric: [v for row in rows if isinstance(v := row.get(MAJORITY + metric), int | float)] for metric in metrics}
    return {metric: float(np.mean(values)) for metric, values in found.items() if values}


def constant_runs(rows: Iterable[Mapping]) -> dict[str, list[int]]:
    """Maps each cell to those of its seeds whose network predicts one class only, whatever it is shown."""
    found: dict[str, list[int]] = {}
    for row in rows:
        if row.get("status") == "finished" and row.get(PREDICTED_CLASSES) == 1:
            found.setdefault(str(row["cell"]), []).append(int(row["seed"]))
    return found


def best(cells: Iterable[CellSummary], metric: str, better: str) -> set[str]:
    """Names of the cells with the best mean."""
    means = {cell.name: mean for cell in ranked(cells, metric, better) if (mean := cell.mean(metric)) is not None}
    top = next(iter(means.values()), 0.0)
    return {name for name, mean in means.items() if abs(top - mean) <= BOLD_WITHIN * max(1.0, abs(top))}


def ranked(cells: Iterable[CellSummary], metric: str, better: str) -> list[CellSummary]:
    """The cells from the best mean to the worst; cells without a value come last."""
    sign = {"maximise": -1, "minimise": 1}[better]
    return sorted(cells, key=lambda cell: (cell.mean(metric) is None, sign * (cell.mean(metric) or 0.0)))


def _summary(name: str, rows: Sequence[Mapping], metrics: Collection[str]) -> CellSummary:
    finished = [row for row in rows if row.get("status") == "finished"]
    values = {metric: list(scores(finished, metric).get(name, {}).values()) for metric in metrics}
    costs = (_mean(finished, column) for column in ("cost/parameters", "cost/multiply_adds", "seconds"))
    return CellSummary(name, len(rows), len(finished), values, *costs)


def _mean(rows: Sequence[Mapping], column: str) -> float | None:
    numbers = [float(row[column]) for row in rows if isinstance(row.get(column), int | float)]
    return float(np.mean(numbers)) if numbers else None
