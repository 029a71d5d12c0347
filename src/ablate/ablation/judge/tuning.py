"""What `tune` chooses: for each cell the point of its grid with the best mean on validation."""

from collections.abc import Collection, Mapping

import numpy as np

from ablate.ablation.judge.results import scores
from ablate.ablation.spec.ablation import Ablation
from ablate.errors import BadInput


def tried_cell(cell: str, point: int) -> str:
    """The name of a cell at a point of the grid, as the rows of what was tried have it."""
    return f"{cell}@{point}"


def chosen(ablation: Ablation, tried: Collection[Mapping]) -> dict[str, list[str]]:
    """Maps each cell to the overrides of its best point, from the rows of what was tried; empty where nothing is tuned.

    A point counts only if all its runs have a value.
    """
    if (tune := ablation.tune) is None or not tried:
        return {}
    measured, sign = scores(tried, tune.metric), 1 if tune.better == "minimise" else -1
    best = dict[str, list[str]]()
    for cell in ablation.cells:
        each = [measured.get(tried_cell(cell, i), {}) for i in range(len(tune.points))]
        means = [sign * float(np.mean(list(values.values()))) if len(values) == tune.seeds else np.nan for values in each]
        if not np.isfinite(means).any():
            raise BadInput(f"tune: no run of the cell {cell} has a value of {tune.metric}")
        best[cell] = tune.points[int(np.nanargmin(means))]
    return best
