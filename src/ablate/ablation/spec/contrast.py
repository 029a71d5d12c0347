"""Contrasts: weighted sums of the values of cells, one for each seed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from math import log2
from typing import NamedTuple

from ablate.ablation.spec.check import check_keys, check_number
from ablate.errors import BadInput, check_choice, did_you_mean

SCALES: dict[str, Callable[[float], float]] = {"linear": float, "log2": log2}


class Contrast(NamedTuple):
    """The effect of a claim, for each seed: the sum of weight · value of a cell, minus `constant`."""

    label: str
    weights: dict[str, float]
    constant: float = 0.0


def parse_contrasts(value: object, cells: Collection[str], where: str) -> tuple[Contrast, ...]:
    """Read the contrasts of a claim; all of them must hold.

        minus: [A, B]                    A minus B
        order: [A, B, C]                 B minus A, and C minus B
        cell: A, bound: NUMBER           A minus a number
        trend: {A: 2, B: 4}, scale: …    slope of the least-squares line over the numbers (linear, or log2: by doubling)

    A and B are cells, patterns such as `*-add`, or lists of those; a pattern or a list stands for the mean of its cells.
    """
    kinds = {"minus": (), "order": (), "bound": ("cell",), "trend": ("scale",)}
    given = check_keys(value, f"{where}, contrast", optional=[k for kind, more in kinds.items() for k in (kind, *more)])
    chosen = [kind for kind in kinds if kind in given]
    if len(chosen) != 1 or set(given) - {chosen[0], *kinds[chosen[0]]}:
        raise BadInput(f"{where}: contrast={given} must be one of: minus, order, cell and bound, trend [and scale]")
    return {"minus": _minus, "order": _order, "bound": _bound, "trend": _trend}[chosen[0]](given, cells, where)


def _minus(given: Mapping, cells: Collection[str], where: str) -> tuple[Contrast, ...]:
    sides = _sequence(given["minus"], f"{where}, minus", 2, 2)
    return (_difference(sides[0], sides[1], cells, where),)


def _order(given: Mapping, cells: Collection[str], where: str) -> tuple[Contrast, ...]:
    sides = _sequence(given["order"], f"{where}, order", 2, None)
    return tuple(_difference(b, a, cells, where) for a, b in zip(sides, sides[1:], strict=False))


def _bound(given: Mapping, cells: Collection[str], where: str) -> tuple[Contrast, ...]:
    if "cell" not in given:
        raise BadInput(f"{where}: a bound needs the cell that it is for (cell: NAME)")
    bound = check_number(given["bound"], f"{where}, bound")
    return (Contrast(f"{_label(given['cell'])} − {bound:g}", _mean(given["cell"], cells, where), bound),)


def _trend(given: Mapping, cells: Collection[str], where: str) -> tuple[Contrast, ...]:
    axis = given["trend"]
    if not isinstance(axis, Mapping) or len(axis) < 3:
        raise BadInput(f"{where}: trend={axis!r} must give numbers to at least three cells")
    scale = check_choice(f"{where}, scale", str(given.get("scale", "linear")), SCALES)
    numbers = [check_number(n, f"{where}, trend, {cell}", positive=scale == "log2") for cell, n in axis.items()]
    at = [SCALES[scale](n) for n in numbers]
    centre = sum(at) / len(at)
    square = sum((a - centre) ** 2 for a in at)
    if square == 0:
        raise BadInput(f"{where}: trend gives all its cells the number {numbers[0]:g}")
    slopes = [(_mean(cell, cells, where), (a - centre) / square) for cell, a in zip(axis, at, strict=True)]
    unit = {"linear": "unit", "log2": "doubling"}[scale]
    return (Contrast(f"slope by {unit} over {', '.join(map(str, axis))}", _sum(slopes)),)


def _difference(a: object, b: object, cells: Collection[str], where: str) -> Contrast:
    weights = _sum([(_mean(a, cells, where), 1.0), (_mean(b, cells, where), -1.0)])
    if not any(abs(weight) > 1e-12 for weight in weights.values()):
        raise BadInput(f"{where}: {_label(a)} is compared with itself")
    return Contrast(f"{_label(a)} − {_label(b)}", weights)


def _mean(side: object, cells: Collection[str], where: str) -> dict[str, float]:
    chosen = []
    for name in side if isinstance(side, list | tuple) else [side]:
        matching = [cell for cell in cells if fnmatchcase(cell, str(name))]
        if not matching:
            raise BadInput(f"{where}: there is no cell {name!r}{did_you_mean(name, cells)}")
        chosen += matching
    return _sum([({cell: 1.0}, 1 / len(chosen)) for cell in chosen])


def _sum(terms: Sequence[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for weights, factor in terms:
        for cell, weight in weights.items():
            total[cell] = total.get(cell, 0.0) + factor * weight
    return total


def _label(side: object) -> str:
    return f"mean({', '.join(map(str, side))})" if isinstance(side, list | tuple) else str(side)


def _sequence(value: object, where: str, least: int, most: int | None) -> Sequence:
    if not isinstance(value, list | tuple) or len(value) < least or (most and len(value) > most):
        raise BadInput(f"{where}: {value!r} must be a list of {least}{'' if most else ' or more'} cells")
    return value
