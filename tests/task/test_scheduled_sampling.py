"""The share of its own tokens that a decoder hears: how it grows, and that none of it is teacher forcing."""

import math
from functools import partial

import pytest
import torch
from networks import translator
from refusals import refusals

from ablate.data.batch import PairBatch
from ablate.data.text.dataset import pad_with_lengths, teacher_forcing
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.text.attention import Additive
from ablate.optim.optimisation import Optimisation
from ablate.optim.schedule import constant
from ablate.task.text_generation import SCHEDULES, Translation, probability_schedule

PARTS = [i / 20 for i in range(21)]


@pytest.mark.parametrize(
    "schedule, begin, half, end",
    [
        ("constant", 0.8, 0.8, 0.8),
        ("linear", 0.0, 0.4, 0.8),
        ("inverse_sigmoid", 0.8 / (1 + math.exp(6)), 0.4, 0.8 / (1 + math.exp(-6))),
    ],
)
def test_at_the_beginning_half_way_and_at_the_end(schedule, begin, half, end):
    share = probability_schedule(0.8, schedule)
    assert [share(0.0), share(0.5), share(1.0)] == pytest.approx([begin, half, end])


def test_a_quarter_of_the_way_by_hand():
    assert probability_schedule(1.0, "linear")(0.25) == 0.25
    assert probability_schedule(1.0, "inverse_sigmoid")(0.25) == pytest.approx(0.0474259)  # 1 / (1 + e³)


@pytest.mark.parametrize("share", [0, 0.3, 1])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_it_never_falls_and_stays_a_probability(schedule, share):
    values = [probability_schedule(share, schedule)(part) for part in [*PARTS, 1.5]]
    assert values == sorted(values) and all(0 <= value <= share for value in values)
    assert len(set(values[:-1])) == (1 if share == 0 or schedule == "constant" else len(PARTS))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_share_of_none_is_teacher_forcing_bit_for_bit(schedule):
    losses = []
    source = pad_with_lengths([torch.tensor([4, 5, 6]), torch.tensor([5])])
    batch = PairBatch(*source, *teacher_forcing([torch.tensor([5, 4]), torch.tensor([6, 6, 4])]), torch.arange(2))
    for sampling in ({}, {"scheduled_sampling": 0.0, "sampling_schedule": schedule}, {"scheduled_sampling": 1.0}):
        torch.manual_seed(0)
        net = translator(7, 7, 4, partial(GRU, hidden_size=5), partial(Additive, size=3), dropout=0.3)
        task = Translation(net, Optimisation(torch.optim.SGD, constant), **sampling)
        task.sampling_probability = task.sampling(1.0)
        torch.manual_seed(1)
        losses.append(task.train().step(batch).loss.item())
    assert losses[0] == losses[1] != losses[2]


test_bad_options_are_one_line = refusals(
    (-0.1, "linear", "^scheduled_sampling=-0.1 must be a number from 0 "),
    (1.1, "linear", "^scheduled_sampling=1.1 must"),
    (math.nan, "constant", "^scheduled_sampling=nan must"),
    (True, "constant", "^scheduled_sampling=True must"),
    (0.5, "linaer", "^sampling_schedule='linaer' is unknown; did you mean 'linear'"),
    of=probability_schedule,
)
