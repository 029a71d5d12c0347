"""When a problem was solved, and whether a training ran away."""

from typing import NamedTuple

import pytest
import torch
from commands import QUIET
from lightning.pytorch import Trainer
from refusals import refusals
from torch import nn
from torch.utils.data import DataLoader

from ablate.callback.measure import FACTOR, Diverged, Solved
from ablate.optim.optimisation import Optimisation
from ablate.optim.schedule import constant
from ablate.task.base import Output, Task


class Batch(NamedTuple):
    """Inputs alone."""

    input: torch.Tensor


class Falling(Task):
    """A number that the optimiser moves towards 0, or away from it."""

    model_class = nn.Linear

    def __init__(self, rate):
        optimizer = lambda parameters: torch.optim.SGD(parameters, rate)  # noqa: E731
        model = nn.Linear(1, 1, bias=False)
        nn.init.ones_(model.weight)
        super().__init__(model, {}, Optimisation(optimizer, constant))

    def step(self, batch):
        loss = self.model(batch[0]).square().mean()
        return Output(loss, *batch, *batch)


def trained(callback, rate=0.1, epochs=6):
    trainer = Trainer(max_epochs=epochs, callbacks=[callback], log_every_n_steps=1, num_sanity_val_steps=0, **QUIET)
    task, data = Falling(rate), DataLoader([Batch(torch.ones(4, 1))] * 2, batch_size=None)
    trainer.fit(task, data, data)
    return trainer.test(task, data, verbose=False)[0]


def test_the_first_validation_beyond_the_threshold_counts():
    # each step makes the loss 0.64 times as large; two steps an epoch
    found = trained(Solved("val/loss", 0.64**3.5, "min"))
    assert (found["test/solved/yes"], found["test/solved/step"]) == (1, 4)
    assert set(Solved("val/loss", 1.0, "min").metric_tags()) <= set(found)


def test_what_is_never_solved_has_the_last_step():
    found = trained(Solved("val/loss", 0.0, "min"))
    assert (found["test/solved/yes"], found["test/solved/step"]) == (0, 12)
    assert trained(Solved("val/loss", 0.9, "max"))["test/solved/yes"] == 0
    assert trained(Solved("val/loss", 0.0, "max"))["test/solved/step"] == 2


def test_a_continued_run_knows_when():
    one, other = Solved("val/loss", 0.5, "min"), Solved("val/loss", 0.5, "min")
    trained(one)
    other.load_state_dict(one.state_dict())
    trained(other, epochs=1)
    assert other.step == one.step == 2


test_bad_options_are_one_line = refusals(
    (lambda: Solved("val/loss", 0.5, "mni"), "did you mean 'min'"),
    (lambda: trained(Solved("val/los", 0.5, "min")), "'val/los' is not logged; did you mean 'val/loss'"),
)


@pytest.mark.parametrize("rate, diverged", [(0.1, 0), (3.0, 1)])
def test_a_training_that_runs_away_ends_and_says_so(rate, diverged):
    callback = Diverged()
    assert trained(callback, rate)["test/diverged"] == diverged == callback.diverged
    again = Diverged()
    again.load_state_dict(callback.state_dict())
    assert again.state_dict() == callback.state_dict()


@pytest.mark.parametrize(
    "losses, diverged",
    [
        ([1.0, 2.0, 9.0], False),
        ([1.0] * 12 + [FACTOR + 1], True),
        ([1.0, float("nan")], True),
        ([float("inf")], True),
        ([float("nan")], True),
        ([0.0, 0.0], False),  # of batches without any target
    ],
)
def test_how_much_is_too_much(losses, diverged):
    callback, trainer = Diverged(), Trainer(**QUIET)
    for loss in losses:
        callback.on_train_batch_end(trainer, Falling(0.1), {"loss": torch.tensor(loss)}, (), 0)
    assert callback.diverged == trainer.should_stop == diverged


def test_only_a_watched_task_may_diverge():
    task = Falling(0.1)
    Diverged().setup(Trainer(**QUIET), task, "fit")
    assert task.may_diverge and not Falling(0.1).may_diverge
