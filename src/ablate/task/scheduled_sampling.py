"""How often a decoder gets its own token in place of the right one in training."""

from collections.abc import Callable
from functools import partial
from math import exp

from ablate.errors import BadInput, check_choice

STEEPNESS = 12.0  # of the inverse sigmoid: 0.2 % of the share at the beginning, 99.8 % at the end


def probability_schedule(share: float, schedule: str) -> Callable[[float], float]:
    """p, the part of the training that is over -> the probability that a token is the network's own, 1 - ε of Bengio et al. 2015.

        constant         share
        linear           share · p                              ε falls along a line (section 2.4)
        inverse_sigmoid  share / (1 + exp(-12 (p - 1/2)))       ε = k / (k + exp(i / k)), its middle at half of the training

    Args:
        share: of own tokens at the end; 0 is teacher forcing, 1 none of it.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise BadInput(f"`scheduled_sampling`={share} must be a number from 0 (teacher forcing) to 1")
    return partial(SCHEDULES[check_choice("sampling_schedule", schedule, SCHEDULES)], share)


def _constant(share: float, over: float) -> float:
    return share


def _linear(share: float, over: float) -> float:
    return share * min(over, 1.0)


def _inverse_sigmoid(share: float, over: float) -> float:
    return share / (1 + exp(-STEEPNESS * (over - 0.5)))


SCHEDULES = {"constant": _constant, "linear": _linear, "inverse_sigmoid": _inverse_sigmoid}
