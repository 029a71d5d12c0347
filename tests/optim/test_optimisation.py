"""Clipping, learning rates by step, and what is refused."""

from functools import partial
from math import cos, pi

import pytest
import torch
from torch import nn

from ablate.errors import BadInput
from ablate.optim.optimisation import Optimisation
from ablate.optim.schedule import constant, cosine, poly

SGD = partial(torch.optim.SGD, lr=2.0)


@pytest.mark.parametrize("clip, expected", [(None, [3.0, 4.0]), (10.0, [3.0, 4.0]), (1.0, [0.6, 0.8])])
def test_a_long_gradient_is_scaled_to_the_norm(clip, expected):
    parameters = [nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))]
    for parameter, value in zip(parameters, (3.0, 4.0)):
        parameter.grad = torch.tensor([value])
    Optimisation(SGD, constant, clip).clip(iter(parameters))
    assert [float(parameter.grad) for parameter in parameters] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("clip", [0.0, -1.0, float("nan")])
def test_a_norm_that_is_not_above_0_is_refused(clip):
    with pytest.raises(BadInput, match=f"gradient_clip={clip} must be a (finite )?number above 0"):
        Optimisation(SGD, constant, clip)


@pytest.mark.parametrize(
    "schedule, expected",
    [
        (constant, [2.0, 2.0, 2.0, 2.0, 2.0]),
        (cosine, [1 + cos(pi * step / 4) for step in range(5)]),
        (partial(poly, power=2.0), [2.0, 2 * 0.75**2, 0.5, 2 * 0.25**2, 0.0]),
        (partial(constant, warmup=0.5), [2 / 3, 4 / 3, 2.0, 2.0, 2.0]),
        (partial(poly, power=1.0, warmup=0.25), [1.0, 2.0, 4 / 3, 2 / 3, 0.0]),
    ],
)
def test_the_learning_rate_of_each_step(schedule, expected):
    made = Optimisation(SGD, schedule).configure(iter([nn.Parameter(torch.zeros(1))]), 4)
    optimizer, scheduler, rates = made["optimizer"], made["lr_scheduler"]["scheduler"], []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step(), scheduler.step()
    assert rates == pytest.approx(expected, abs=1e-9)
