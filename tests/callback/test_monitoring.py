"""The bar of a terminal, a line an epoch in a pipe, history.json; when a problem was solved, and whether a training ran away."""

import io
import json
import re
from typing import NamedTuple

import lightning.pytorch as pl
import pytest
import torch
from commands import QUIET, TINY, succeed
from lightning.pytorch import Trainer
from refusals import refusals
from rich.console import Console
from torch import nn
from torch.utils.data import DataLoader

from ablate.callback.measure import FACTOR, Diverged, Solved
from ablate.callback.progress import Progress
from ablate.optim.optimisation import Optimisation
from ablate.optim.schedule import constant
from ablate.task.base import Output, Task


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch, index):
        loss = (self.weight - batch).square().mean()
        self.log("train/loss", loss, batch_size=1)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress(terminal):
    bar, shown = Progress(), io.StringIO()
    bar.console = Console(file=shown, force_terminal=terminal, width=150)
    trainer = pl.Trainer(max_epochs=2, callbacks=[bar], **QUIET | {"enable_progress_bar": True})
    trainer.fit(Line(), torch.utils.data.DataLoader(torch.ones(6, 1)))
    text = re.sub(r"\x1b\[[\d;?]*\w", "", shown.getvalue())
    if terminal:
        assert "12/12" in text and "left" in text and re.search(r"\d:\d\d:\d\d", text) and "train/loss" in text
    else:
        assert [line.split("  ")[0] for line in text.splitlines()] == ["epoch 1/2", "epoch 2/2"]
        assert "train/loss" in text


@pytest.mark.slow
def test_validation_is_kept_where_it_happened(tmp_path):
    succeed("train", *TINY, "trainer.max_epochs=5", "trainer.check_val_every_n_epoch=2", cwd=tmp_path)
    curves = json.loads(next(tmp_path.glob("logs/*/*/history.json")).read_text())
    assert [step for step, _ in curves["train/loss"]] == [3, 6, 9, 12, 15]
    assert [step for step, _ in curves["val/miou"]] == [step for step, _ in curves["val/loss"]] == [6, 12]


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


@pytest.mark.parametrize("stop, steps", [(False, 12), (True, 4)])
def test_a_solved_training_may_end(stop, steps):
    found = trained(Solved("val/loss", 0.64**3.5, "min", stop))
    assert found["test/solved/step"] == 4 and found["test/loss"] == pytest.approx(0.64**steps)


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
