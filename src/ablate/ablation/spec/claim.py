"""Reads one claim of an ablation file."""

from collections.abc import Mapping

from ablate.ablation.spec.ablation import DIRECTIONS, SCALES, TESTS, Claim
from ablate.ablation.spec.check import check_keys, check_number
from ablate.ablation.spec.contrast import Contrast, parse_contrasts
from ablate.errors import BadInput, check_choice

REQUIRED = ("statement", "source", "metric", "contrast", "direction", "least_effect")
OPTIONAL = ("scale", "test", "if_missing", "exploratory", "headline", "protocol")


def read_claim(name: str, value: object, cells: Mapping, metrics: Mapping, worst: Mapping[str, float], where: str) -> Claim:
    """The claim `name`; raises BadInput if anything in it is wrong.

    Args:
        worst: the values of metrics that stand for what a run does not have.
    """
    where = f"{where}, claim {name}"
    given = {"scale": "linear", "test": "t", "if_missing": "incomplete", **check_keys(value, where, REQUIRED, OPTIONAL)}
    contrasts = parse_contrasts(given["contrast"], cells, where)
    directions = DIRECTIONS[:2] if "order" in given["contrast"] else DIRECTIONS
    choices = {"metric": metrics, "direction": directions, "scale": SCALES, "test": TESTS, "if_missing": ("incomplete", "worst")}
    chosen = {key: check_choice(f"{where}: {key}", str(given[key]), known) for key, known in choices.items()}
    if chosen["if_missing"] == "worst" and chosen["metric"] not in worst:
        raise BadInput(f"{where}: if_missing=worst needs a worst value of its metric, as in {{better: minimise, worst: 1}}")
    marks = {mark: given.get(mark, False) for mark in ("exploratory", "headline")}
    if not all(isinstance(mark, bool) for mark in marks.values()):
        raise BadInput(f"{where}: exploratory and headline must be true or false")
    logarithmic = chosen["scale"] == "log"
    if protocol := str(given.get("protocol") or "").strip():
        _check_figure(contrasts, logarithmic or not marks["exploratory"], where)
    return Claim(
        name=name,
        statement=str(given["statement"]).strip(),
        source=str(given["source"]).strip(),
        metric=chosen["metric"],
        contrasts=tuple(contrast.logarithmic(where) for contrast in contrasts) if logarithmic else contrasts,
        direction=chosen["direction"],
        least_effect=_least_effect(given["least_effect"], logarithmic, chosen["direction"], where),
        scale=chosen["scale"],
        test=chosen["test"],
        worst=worst[chosen["metric"]] if chosen["if_missing"] == "worst" else None,
        protocol=protocol,
        **marks,
    )


def _check_figure(contrasts: tuple[Contrast, ...], judged: bool, where: str) -> None:
    """Raise BadInput where a claim with a protocol does not compare one cell with one published figure."""
    (weights, *more), bound = [contrast.weights for contrast in contrasts], contrasts[0].constant
    if more or len(weights) > 1 or not bound or judged:
        raise BadInput(
            f"{where}: protocol is of a published figure, which needs contrast: {{cell: …, bound: NUMBER}}, exploratory: true and "
            "a linear scale"
        )


def _least_effect(value: object, logarithmic: bool, direction: str, where: str) -> float:
    least, none = check_number(value, f"{where}: least_effect", negative=False), 1 if logarithmic else 0
    if least < none:
        raise BadInput(f"{where}: least_effect={value!r} is a factor, as the scale is log, and must be at least 1")
    if direction == "equivalent" and least == none:
        raise BadInput(f"{where}: least_effect={value!r} makes no claim of equivalence possible; give a number above {none}")
    return least
