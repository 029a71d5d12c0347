"""What a design will probably decide, from pilot runs."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ablate.ablation.judge import statistics
from ablate.ablation.judge.results import scores
from ablate.ablation.judge.verdict import contrast_values, p_values
from ablate.ablation.spec.ablation import Ablation, Claim, Looks

PILOT_SEED = 1000  # the first seed of pilots; no answer uses it
DRAWS = 1000


class Forecast(NamedTuple):
    """A claim in pilot runs.

    Attributes:
        means, spreads: mean and standard deviation of each contrast, of logarithms where the claim's scale is log.
        n: the number of pilot seeds.
        decided: the probability that each design decides the claim.
    """

    claim: Claim
    means: list[float]
    spreads: list[float]
    n: int
    decided: dict[str, float]


def forecast(ablation: Ablation, rows: Iterable[Mapping], designs: Mapping[str, Looks]) -> list[Forecast]:
    """One forecast for each claim that is not exploratory; nan where pilots have fewer than two values.

    Each design is simulated `DRAWS` times, with normal effects of the pilots' means and standard deviations (for the sign
    tests: with effects drawn from those of the pilots), and judged as results are. The mean and the spread of a few pilots
    are themselves uncertain, and so is the probability.
    """
    rows = [validated(row) for row in rows]
    tested = [claim for claim in ablation.claims if not claim.exploratory]
    pilots = [_effects(claim, rows) for claim in tested]
    decided = {name: _decided(tested, pilots, design) for name, design in designs.items()}
    return [
        Forecast(
            claim,
            [float(x.mean()) if len(x) else np.nan for x in effects],
            [float(x.std(ddof=1)) if len(x) > 1 else np.nan for x in effects],
            min(len(x) for x in effects),
            {name: float(each[i]) for name, each in decided.items()},
        )
        for i, (claim, effects) in enumerate(zip(tested, pilots, strict=True))
    ]


def validated(row: Mapping) -> dict:
    """The row of a pilot with the validation split's values in place of those of the test split, where it has them."""
    return {**row, **{f"test/{name[4:]}": value for name, value in row.items() if name.startswith("val/")}}


def _effects(claim: Claim, rows: Iterable[Mapping]) -> list[Float[np.ndarray, " n"]]:
    measured = scores(rows, claim.metric, claim.worst)
    seeds = sorted(set.intersection(*(set(measured.get(cell, {})) for cell in claim.cells)))
    effects = [contrast_values(contrast, measured, seeds, claim.scale) for contrast in claim.contrasts]
    return [x[np.isfinite(x)] for x in effects]


def _decided(claims: list[Claim], pilots: list[list], design: Looks) -> Float[np.ndarray, " m"]:
    """The share of simulated answers in which each claim is decided."""
    rng, most = np.random.default_rng(0), design.seeds[-1]
    p = np.ones((DRAWS, len(design.seeds), 2 * len(claims)))
    known = np.array([min(len(x) for x in effects) > 1 for effects in pilots])
    for i, (claim, effects) in enumerate(zip(claims, pilots, strict=True)):
        if known[i]:
            drawn = [_draw(rng, claim, x, most) for x in effects]
            for k, n in enumerate(design.seeds):
                p[:, k, 2 * i : 2 * i + 2] = p_values(claim, [x[:, :n] for x in drawn])
    rejected = statistics.first_rejection(statistics.adjusted(p, design.weights)) < len(design.seeds)
    share = rejected.reshape(DRAWS, -1, 2).any(-1).mean(0)
    return np.where(known, share, np.nan)


def _draw(rng: np.random.Generator, claim: Claim, x: Float[np.ndarray, " n"], most: int) -> Float[np.ndarray, "draws most"]:
    if claim.test == "t":
        return rng.normal(x.mean(), x.std(ddof=1), (DRAWS, most))
    return rng.choice(x, (DRAWS, most))
