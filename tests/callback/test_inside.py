"""The inside of a recurrent network: plots show what was computed, numbers equal those by hand, training goes on as without."""

import copy
from math import log10

import numpy as np
import pytest
import torch
from commands import QUIET, compose, fitted
from lightning.pytorch import LightningDataModule, Trainer, seed_everything
from PIL import Image
from refusals import refusals
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.utils.data import DataLoader

from ablate.analysis.trace import analyse_cell, gradient_by_lag, ratio_by_lag
from ablate.callback.recurrent import GradientFlow, Inside
from ablate.data.batch import SequenceBatch
from ablate.data.text.tokeniser import SPECIAL, Tokeniser, Vocabulary
from ablate.errors import BadInput
from ablate.figure.recurrent import plot_gates, plot_gradient_norms, plot_hidden_states
from ablate.run.build import build

TOKENS = [*SPECIAL, "a", "long word", " ", "$"]
LENGTHS = torch.tensor([3, 7, 5])
SMALL = ["model.cell.hidden_size=4", "model.embedding_size=3", "model.layers=2", "model.dropout=0.5", "optimizer.lr=0.1"]
SMALL += [f"data.vocabulary_size={len(TOKENS)}", "data.num_classes=2", "data.class_names=[no,yes]", "scheduler=constant"]


class Data(LightningDataModule):
    tokenisers = {"source": Tokeniser("words", complete=True, vocabulary=Vocabulary(TOKENS))}

    def example_batch(self, split, count, device):
        return sample()

    def train_dataloader(self):
        return DataLoader([sample()] * 3, batch_size=None)

    val_dataloader = test_dataloader = train_dataloader


def sample(every_step=False):
    tokens = torch.arange(21).view(3, 7) % (len(TOKENS) - 1) + 1
    return SequenceBatch(tokens, LENGTHS, tokens % 2 if every_step else torch.tensor([0, 1, 1]), torch.arange(3))


def made(cell="lstm", every_step=False):
    """A classifier or a tagger of two layers, with dropout, which an analysis must leave out."""
    kind = ["model=sequence_tagger", "task=sequence_tagging"] if every_step else []
    seed_everything(0, verbose=False)
    return build(compose("experiment=names", *kind, f"model/cell={cell}", *SMALL), "task")


def with_data():
    trainer = Trainer(**QUIET)
    trainer.datamodule = Data()
    return trainer


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    callbacks = Inside(str(folder), 3, 0), GradientFlow([2, 6], 3, 0)
    trainer = fitted(task := made(), Data(), callbacks, folder)
    (metrics,) = trainer.test(task, datamodule=Data(), verbose=False)
    return folder, callbacks, task, metrics


def test_pictures_and_numbers_at_the_start_and_after_each_validation(run):
    folder, (inside, _), task, _ = run
    assert [step for step, _ in inside.norms] == [0, 3, 6]
    for moment, each in ((0, made()), (2, task)):
        assert np.allclose(inside.norms[moment][1], gradient_by_lag(analyse_cell(each, sample(), 0).gradient_norms)[:5])
    events = EventAccumulator(str(folder), {"images": 0, "scalars": 0}).Reload()
    for name in ("gradient", "states", "gates"):
        assert Image.open(folder / f"inside_{name}.png").width > 700
        assert [event.step for event in events.Images(f"inside/{name}")] == [0, 3, 6]
    ratios = [event.value for event in events.Scalars("inside/gradient_ratio")]
    assert np.allclose(ratios[::2], [ratio_by_lag(analyse_cell(each, sample(), 0).gradient_norms)[4] for each in (made(), task)])


def test_gradient_flow_is_measured_before_and_after(run):
    _, (_, flow), task, metrics = run
    assert set(flow.metric_tags()) < set(metrics)
    for moment, each in (("gradient_flow_start", made()), ("gradient_flow", task)):
        seen = analyse_cell(each, sample(), 0)
        for kind, norms in (("log10_ratio", seen.gradient_norms), ("log10_memory_ratio", seen.memory_norms)):
            longest = norms[1]  # the one that has a lag of 6
            assert metrics[f"test/{moment}/{kind}_6"] == pytest.approx(log10(longest[6] / longest[0]), abs=1e-5)
    assert metrics["test/gradient_flow_start/log10_ratio_6"] != metrics["test/gradient_flow_start/log10_memory_ratio_6"]


def test_training_goes_on_as_without(run, tmp_path):
    _, _, watched, _ = run
    fitted(alone := made(), Data(), [], tmp_path)
    for one, other in zip(watched.parameters(), alone.parameters()):
        assert torch.equal(one, other)


def test_a_continued_run_keeps_what_was_seen(run):
    _, callbacks, _, _ = run
    for callback, fresh in zip(callbacks, (Inside(".", 3, 0), GradientFlow([2, 6], 3, 0))):
        fresh.load_state_dict(callback.state_dict())
        assert fresh.state_dict() == callback.state_dict()
        before = copy.deepcopy(fresh.state_dict())
        fresh.on_fit_start(Trainer(**QUIET), made())  # which has no data to look at again
        assert fresh.state_dict() == before


def test_an_analysis_leaves_the_task_as_it_was():
    task = made()
    task.model.recurrent.dropout.eval()
    modes = [module.training for module in task.modules()]
    batch = sample()
    with torch.inference_mode():
        seen = analyse_cell(task, batch, 1)
    assert modes == [module.training for module in task.modules()]
    assert all(parameter.grad is None for parameter in task.parameters())
    assert seen.longest == 1 and seen.hidden_states.shape == (7, 4) and set(seen.gate_openings) == {"input", "forget", "output"}


def test_of_a_loss_at_every_step_the_last_one_counts():
    task, batch = made(every_step=True), sample(every_step=True)
    task.eval()
    found = analyse_cell(task, batch, 0).gradient_norms
    step = task.step

    def last_only(batch):
        output = step(batch)  # of two passes the last one is what is looked at
        logits = task.model(batch.input, batch.lengths)[0][torch.arange(3), LENGTHS - 1]
        target = batch.target[torch.arange(3), LENGTHS - 1]
        return output._replace(loss=nn.functional.cross_entropy(logits, target, reduction="sum") / batch.target.numel())

    task.step = last_only
    assert torch.allclose(found, analyse_cell(task, batch, 0).gradient_norms, rtol=1e-4, equal_nan=True)


def test_a_network_that_does_not_recur():
    task = made()
    task.model = nn.Linear(2, 2)
    assert analyse_cell(task, sample(), 0) is None
    with pytest.raises(BadInput, match="Linear has none"):
        GradientFlow([2], 3, 0).measure(with_data(), task)


test_bad_input_is_one_line = refusals(
    (
        lambda: GradientFlow([2, 7], 3, 0).measure(with_data(), made()),
        "lags has 7, beyond the largest lag in these sequences, 6",
    ),
    (lambda: GradientFlow([0], 3, 0), "lags.0=0"),
    (lambda: Inside(".", 0, 0), "samples=0"),
    (lambda: analyse_cell(made(), sample(), 2), "cell=2 must be a whole number from 0 to 1"),
)


@pytest.mark.parametrize("cell", ["elman", "unshared"])  # the latter counts its steps, in whole numbers
def test_a_cell_without_gates_and_without_a_memory(cell):
    seen = analyse_cell(made(cell), sample(), 0)
    assert seen.gate_openings == {} and torch.equal(seen.gradient_norms.nan_to_num(), seen.memory_norms.nan_to_num())


def test_plots_show_what_they_are_given():
    states = np.linspace(-2, 2, 12, dtype=np.float32).reshape(4, 3)
    axes = plot_hidden_states(states, ["a", "long word", " ", "$", "<pad>"]).axes[0]
    assert np.array_equal(axes.images[0].get_array(), states.T)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a", "long␣word", "␣", "$"]
    assert axes.images[0].get_clim() == (-2, 2)
    frames = plot_gates({"reset": states / 4 + 0.5, "update": states * 0 + 0.25}).axes
    assert [axes.get_title() for axes in frames[:2]] == ["reset gate, on average 0.50", "update gate, on average 0.25"]
    axes = plot_gradient_norms([(0, [1.0, 0.5, 0.0]), (10, [2.0, 1.0, 0.5])]).axes[0]
    assert len(axes.lines) == 2 and np.isnan(axes.lines[0].get_ydata()[2]) and axes.get_yscale() == "log"


def test_a_diverged_training_is_plotted_too(tmp_path):
    broken = np.array([[np.nan, 1], [np.inf, 2]], dtype=np.float32)
    for figure in (
        plot_hidden_states(broken),
        plot_gates({"reset": broken}),
        plot_gradient_norms([(0, [1.0, 0.5]), (3, [np.nan, np.inf])]),
    ):
        figure.savefig(tmp_path / "drawn.png")
