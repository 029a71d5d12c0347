"""Contrasts: weighted sums of the values of cells, one for each seed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from math import log, log2
from typing import NamedTuple

from ablate.ablation.spec.check import check_keys, check_number
from ablate.errors import BadInput, check_choice, did_you_mean

AXES: dict[str, Callable[[float], float]] = {"linear": float, "log2": log2}


class Contrast(NamedTuple):
    """The effect of a claim, for each seed: the sum of weight · value of a cell, minus `constant`."""

    label: str
    weights: dict[str, float]
    constant: float = 0.0

    def logarithmic(self, where: str) -> "Contrast":
        """The same for logarithms of values; a difference then is a ratio."""
        if self.constant < 0 or (self.constant == 0 and abs(sum(self.weights.values())) > 1e-9):
            raise BadInput(f"{where}: the bound {self.constant:g} has no logarithm, which scale=log needs")
        label = self.label.replace(" − ", " / ")
        return Contrast(label, self.weights, log(self.constant) if self.constant else 0.0)


def parse_contrasts(value: object, cells: Collection[str], where: str) -> tuple[Contrast, ...]:
    """Read the contrasts of a claim; all of them must hold.

        minus: [A, B]                    A minus B
        order: [A, B, C]                 B minus A, and C minus B
        each: [[A, B], [C, D]]           A minus B, and C minus D
        each: [A, B], bound: NUMBER      A minus a number, and B minus it; a pattern stands for each of its cells
        each: [[A, B], …], bound: …      A minus B, minus a number: how far B may be passed
        cell: A, bound: NUMBER           A minus a number
        trend: {A: 2, B: 4}, scale: …    slope of the least-squares line over the numbers (linear, or log2: by doubling)

    A and B are cells, patterns such as `*-add`, or lists of those; a pattern or a list stands for the mean of its cells.
    On a logarithmic scale "minus" is a ratio and a mean a geometric one.
    """
    kinds = {"each": ("bound",), "minus": (), "order": (), "bound": ("cell",), "trend": ("scale",)}
    given = check_keys(value, f"{where}, contrast", optional=[k for kind, more in kinds.items() for k in (kind, *more)])
    chosen = next((kind for kind in kinds if kind in given), None)
    if chosen is None or set(given) - {chosen, *kinds[chosen]}:
        wanted = "minus, order, each [and bound], cell and bound, trend [and scale]"
        raise BadInput(f"{where}: contrast={given} must be one of: {wanted}")
    return {"each": _each, "minus": _minus, "order": _order, "bound": _bound, "trend": _trend}[chosen](given, cells, where)


def _each(given: Mapping, cells: Collection[str], where: str) -> tuple[Contrast, ...]:
    parts = _sequence(given["each"], f"{where}, each", 1, None)
    if "bound" not in given:
        return tuple(c for pair in parts for c in _minus({"minus": pair}, cells, where))
    if any(isinstance(part, list | tuple) for part in parts):
        bound = check_number(given["bound"], f"{where}, bound")
        return tuple(c._replace(label=f"{c.label} − {bound:g}", constant=bound) for c in _each({"each": parts}, cells, where))
    names = [cell for part in parts for cell in _mean(part, cells, where)]
    return tuple(c for name in names for c in _bound({"cell": name, "bound": given["bound"]}, cells, where))


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
    scale = check_choice(f"{where}, scale", str(given.get("scale", "linear")), AXES)
    numbers = [check_number(n, f"{where}, trend, {cell}", positive=scale == "log2") for cell, n in axis.items()]
    at = [AXES[scale](n) for n in numbers]
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
