"""Tasks over sequences: truncated backpropagation through time, states along a stream, losses weighted by tokens."""

from functools import partial

import pytest
import torch
from commands import QUIET
from lightning.pytorch import Trainer
from networks import minimise
from refusals import refusals
from torch import nn
from torch.utils.data import DataLoader

from ablate.data.batch import IGNORE, SegmentationBatch, SequenceBatch
from ablate.data.sampler import BPTTBatchSampler
from ablate.loss.text import token_cross_entropy
from ablate.metric.classification import ClassificationScores
from ablate.metric.language import LanguageScores
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.models import SequenceClassifier, SequenceTagger
from ablate.optim.optimisation import Optimisation
from ablate.optim.schedule import constant
from ablate.task.language_modelling import LanguageModelling
from ablate.task.recurrent import SequenceTagging
from ablate.task.sequence import SequenceClassification, SequenceRegression

V, T = 7, 10
SGD = partial(torch.optim.SGD, lr=0.5, momentum=0.5)


def tagging(truncate=None, clip=0.05, cell=LSTM, optimizer=SGD, kind=SequenceTagging, **model):
    torch.manual_seed(0)
    net = SequenceTagger(V, None, 6, partial(cell, hidden_size=8), V, **model)
    options = {"num_classes": V} if kind is SequenceTagging else {}
    return kind(net, Optimisation(optimizer, constant, clip), truncate=truncate, **options)


def sequences(lengths=None, rows=4, steps=T, seed=0):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(1, V, (rows, steps), generator=generator)
    target = torch.randint(0, V, (rows, steps), generator=generator)
    if lengths is not None:
        lengths = torch.tensor(lengths)
        target[torch.arange(steps) >= lengths[:, None]] = IGNORE
    return SequenceBatch(tokens, lengths, target, torch.arange(rows))


def stream(pieces=7, size=3, steps=5):
    """A text of `pieces`, read in `size` rows: the last batch has a row less."""
    text = torch.randint(1, V, (pieces * steps + 1,), generator=torch.Generator().manual_seed(0))
    rows = lambda start: slice(start * steps, (start + 1) * steps)  # noqa: E731
    for order in BPTTBatchSampler(pieces, size):
        inputs, targets = (torch.stack([part[rows(i)] for i in order]) for part in (text, text[1:]))
        yield SequenceBatch(inputs, None, targets, torch.tensor(order), True)


def fit(task, batches, epochs=1, callbacks=()):
    trainer = Trainer(max_epochs=epochs, callbacks=list(callbacks), log_every_n_steps=1, **QUIET)
    trainer.fit(task, DataLoader(list(batches), batch_size=None))
    return trainer


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("lengths", [None, [10, 1, 6, 3]])
@pytest.mark.parametrize("truncate", [T, T + 5])
def test_chunks_as_long_as_the_sequences_are_the_whole_step(truncate, lengths):
    batches = [sequences(lengths, seed=seed) for seed in range(3)]
    whole, cut = tagging(), tagging(truncate)
    fit(whole, batches), fit(cut, batches)
    assert same(whole, cut) and not same(whole, tagging())


def test_a_step_of_the_optimiser_for_each_chunk_and_one_of_the_scheduler_for_each_batch():
    task = tagging(4, cell=GRU)
    trainer = fit(task, [sequences(seed=seed) for seed in range(5)])
    assert trainer.global_step == 15 and trainer.lr_scheduler_configs[0].scheduler.last_epoch == 5


@pytest.mark.parametrize("truncate", [None, 3, T])
def test_gradients_are_clipped_in_every_chunk(truncate):
    norms = []

    class Kept(torch.optim.SGD):
        def step(self, closure=None):
            loss = closure() if closure else None  # the gradients of an automatic step come from the closure
            norms.append(float(nn.utils.get_total_norm([p.grad for p in self.param_groups[0]["params"]])))
            return loss

    fit(tagging(truncate, clip=0.01, optimizer=partial(Kept, lr=0.1)), [sequences()])
    assert len(norms) == (4 if truncate == 3 else 1) and norms == pytest.approx([0.01] * len(norms), rel=1e-3)
    norms.clear()
    fit(tagging(truncate, clip=None, optimizer=partial(Kept, lr=0.1)), [sequences()])
    assert min(norms) > 0.02


def by_hand(task, batch, k):
    """Truncated backpropagation written out for a batch of whole sequences."""
    optimizer, states = SGD(task.parameters()), None
    for start in range(0, T, k):
        part = slice(start, start + k)
        logits, states = task.model(batch.input[:, part], None, states)
        states = tuple(type(state)(*(field.detach() for field in state)) for state in states)
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits.flatten(0, 1), batch.target[:, part].flatten()).backward()
        nn.utils.clip_grad_norm_(task.parameters(), 0.05)
        optimizer.step()


@pytest.mark.parametrize("k", [1, 3, 5])
def test_chunks_are_those_by_hand(k):
    ours, other = tagging(k), tagging()
    fit(ours, [sequences()])
    by_hand(other, sequences(), k)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(ours.parameters(), other.parameters()))


def test_no_gradient_crosses_the_border_of_a_chunk():
    task, batch = tagging(5), sequences()
    batch.target[:, :5] = IGNORE  # the first chunk has no target: nothing may reach its tokens
    batch.input[:, :5], batch.input[:, 5:] = 1, 2
    before = task.model.input.embedding.weight.clone()
    fit(task, [batch])
    moved = (task.model.input.embedding.weight != before).any(1)
    assert moved.tolist() == [False, False, True] + [False] * (V - 3)
    whole = tagging()
    fit(whole, [batch])
    assert (whole.model.input.embedding.weight != before).any(1)[1]


def test_a_chunk_without_any_target_costs_nothing():
    task, batch = tagging(5), sequences()
    batch.target[:, :5] = IGNORE
    trainer = fit(task, [batch])
    assert all(parameter.isfinite().all() for parameter in task.parameters())
    assert trainer.callback_metrics["train/loss"] > 0.1  # the mean over targets, not over chunks
    loss, count = token_cross_entropy(torch.randn(1, 2, V), torch.full((1, 2), IGNORE), IGNORE)
    assert loss == 0 and count == 0


def test_rows_that_have_ended_are_left_out():
    """Over four chunks, in which rows end one after the other."""
    task, batch, seen = tagging(3), sequences([10, 1, 4, 7]), []
    task.model.register_forward_pre_hook(lambda _, given: seen.append((len(given[0]), given[1].tolist())))
    trainer = fit(task, [batch])
    assert seen[:4] == [(4, [3, 1, 3, 3]), (3, [3, 1, 3]), (2, [3, 1]), (1, [1])]
    assert trainer.global_step == 4 and all(parameter.isfinite().all() for parameter in task.parameters())


def test_ended_rows_lend_their_states_to_no_other():
    still, kept = tagging(3, optimizer=partial(torch.optim.SGD, lr=0.0)), []
    batch = sequences([10, 1, 4, 7])
    still.model.head.register_forward_hook(lambda _, given, logits: kept.append(logits.detach()))
    fit(still, [batch])
    whole, _ = still.model(batch.input, batch.lengths)
    for chunk, (rows, start) in zip(kept, [([0, 1, 2, 3], 0), ([0, 2, 3], 3), ([0, 3], 6), ([0], 9)]):
        inside = torch.arange(start, min(start + 3, T)) < batch.lengths[rows][:, None]
        assert torch.allclose(chunk[inside], whole[rows, start : start + 3][inside], atol=1e-6)


@pytest.mark.parametrize("split", ["train", "val"])
def test_batches_along_a_text_are_one_long_unroll(split):
    task, batches = tagging(cell=GRU).eval(), list(stream())
    assert [len(batch.index) for batch in batches] == [3, 2, 2]
    for _ in range(2):  # a second time from the beginning
        logits: list[torch.Tensor] = []
        task.model.register_forward_hook(lambda _, given, found, seen=logits: seen.append(found[0].detach()))
        for batch in batches:
            task.run(split, batch)
        for row in range(3):
            text = torch.cat([batch.input[row] for batch in batches if row < len(batch.index)])
            found = torch.cat([each[row] for each in logits[:3] if row < len(each)])
            assert torch.allclose(found, task.model(text[None])[0][0], atol=1e-6)
        task.model._forward_hooks.clear()


def test_a_state_goes_on_where_the_text_does_and_nowhere_else():
    task, batch = tagging(cell=GRU), next(stream())
    output = lambda index: float(task.run("train", batch._replace(index=torch.tensor(index))).loss)  # noqa: E731
    fresh = output([0, 10, 20])
    gone_on = output([1, 11, 21])
    assert gone_on != fresh and output([5, 15, 25]) == fresh
    states = task._initial_states("train", batch._replace(index=torch.tensor([6, 0, 26])))
    assert [bool(row.any()) for row in states[0].hidden] == [True, False, True]
    assert not states[0].hidden.requires_grad
    assert task._initial_states("val", batch) is None and task._initial_states("train", batch._replace(stream=False)) is None


@pytest.mark.slow
@pytest.mark.parametrize("truncate", [None, 2])
def test_a_text_is_learned_along_its_batches(truncate):
    task = tagging(truncate, 1.0, kind=LanguageModelling, optimizer=partial(torch.optim.AdamW, lr=0.03))
    trainer = fit(task, stream(), epochs=30)
    assert trainer.callback_metrics["train/loss"] < 0.7 < 1.5 < float(tagging(kind=LanguageModelling).step(next(stream())).loss)


def test_the_loss_of_a_split_is_weighted_by_tokens_and_perplexity_is_its_exponential():
    task, batches = tagging(kind=LanguageModelling).eval(), [sequences([10, 2, 9, 1]), sequences([2, 1], 2, 2)]
    trainer = Trainer(**QUIET)
    found = trainer.validate(task, DataLoader(batches, batch_size=None), verbose=False)[0]
    with torch.no_grad():
        every = [
            nn.functional.cross_entropy(task.model(b.input)[0].flatten(0, 1), b.target.flatten(), reduction="none") for b in batches
        ]
    mean = torch.cat([each[b.target.flatten() != IGNORE] for each, b in zip(every, batches)]).mean()
    assert found["val/loss"] == pytest.approx(float(mean), rel=1e-5)
    assert found["val/perplexity"] == pytest.approx(float(mean.exp()), rel=1e-5)
    assert found["val/bits_per_token"] == pytest.approx(float(mean / torch.tensor(2.0).log()), rel=1e-5)


def test_what_is_all_but_impossible_has_a_finite_number_of_bits():
    metric = LanguageScores(IGNORE)
    metric.update(torch.tensor([[[200.0, 0.0]]]), torch.tensor([[1]]))
    assert metric.compute()["bits_per_token"].item() == pytest.approx(200 / 0.6931472, rel=1e-5)


def test_accuracy_and_f1_by_hand():
    metric = ClassificationScores(4, IGNORE)
    metric.update(torch.tensor([[0, 0, 1, 2]]), torch.tensor([[0, 1, 1, IGNORE]]))
    scores = {name: float(value) for name, value in metric.compute().items()}
    assert scores == pytest.approx({"accuracy": 2 / 3, "macro_f1": 2 / 3})  # classes 2 and 3 never occur: 2/3 and 2/3


def classification(kind=SequenceClassification):
    torch.manual_seed(0)
    net = SequenceClassifier(V, None, 6, partial(GRU, hidden_size=16), 3 if kind is SequenceClassification else 1)
    return kind(net, Optimisation(SGD, constant), **({"num_classes": 3} if kind is SequenceClassification else {}))


LEARNED = {
    "classification": (classification, torch.tensor([0, 1, 2, 1])),
    "regression": (partial(classification, SequenceRegression), torch.tensor([0.5, -1.0, 2.0, 1.0])),
    "tagging": (tagging, sequences().target),
    "language_modelling": (partial(tagging, kind=LanguageModelling), sequences().target),
}


@pytest.mark.slow
@pytest.mark.parametrize("lengths", [None, [10, 1, 6, 3]])
@pytest.mark.parametrize("name", LEARNED)
def test_one_batch_is_learned_by_heart(name, lengths):
    make, target = LEARNED[name]
    task, batch = make(), sequences(lengths)
    batch = batch._replace(target=torch.where(batch.target == IGNORE, IGNORE, target) if target.ndim == 2 else target)
    losses = minimise(lambda: task.step(batch).loss, torch.optim.AdamW(task.parameters(), 0.03), steps=150)
    assert losses[0] > 0.9 and losses[-1] < 0.1


PICTURES = SegmentationBatch(torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 4, dtype=torch.long), torch.zeros(1, dtype=torch.long))


def checked(make, batch, **options):
    task = make()
    task.config = {"data": {"num_classes": V}}
    task.check(batch, Trainer(**QUIET, **options))


NUMBERED = sequences()._replace(target=torch.arange(4))
test_what_is_not_made_for_each_other_is_said_before_training = refusals(
    (tagging, PICTURES, "SequenceTagging learns from sequences with a class for each step, these data are pictures"),
    (classification, sequences(), "one class each, these data are sequences with a class for each step"),
    (partial(classification, SequenceRegression), NUMBERED, "one number each, these data are"),
    (partial(tagging, kind=LanguageModelling), sequences(), "learns from texts"),
    (partial(tagging, 3), sequences(), {"accumulate_grad_batches": 2}, "leave out trainer.accumulate_grad_batches"),
    of=checked,
)


test_bad_options_are_one_line = refusals(
    (lambda: SequenceTagging(classification().model, Optimisation(SGD, constant), 3), "trains models of the class StepwiseModel$"),
    (lambda: tagging(0), "truncate=0"),
    (lambda: tagging(2, bidirectional=True), "truncate=2 cuts from the beginning on"),
    (lambda: tagging(kind=LanguageModelling, bidirectional=True), "lets a language model read the tokens that it predicts"),
)


@pytest.mark.parametrize(
    "truncate, batches", [(3, [sequences([10, 1, 6, 3], seed=i) for i in range(3)]), (2, list(stream())), (None, list(stream()))]
)
def test_continued_equals_never_stopped(truncate, batches, tmp_path):
    make = lambda: tagging(truncate, dropout=0.3)  # noqa: E731
    whole, begun, continued = make(), make(), make()
    fit(whole, batches, epochs=3)
    fit(begun, batches, epochs=1).save_checkpoint(tmp_path / "last.ckpt")
    trainer = Trainer(max_epochs=3, log_every_n_steps=1, **QUIET)
    trainer.fit(continued, DataLoader(batches, batch_size=None), ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert same(whole, continued) and not same(whole, begun)
