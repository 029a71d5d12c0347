"""Contracts of every network over sequences: padding, batch rows, order, time, and what they refuse."""

from functools import partial
from typing import get_args

import pytest
import torch
from networks import CELLS
from refusals import refusals

from ablate.errors import BadInput
from ablate.model.recurrent.baselines import BagOfWords, WindowMLP
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.models import SequenceClassifier, SequenceTagger, Summary

V, D, K, T = 9, 3, 5, 6
LENGTHS = torch.tensor([6, 1, 4, 2])
TOKENS = torch.randint(1, V, (4, T), generator=torch.Generator().manual_seed(1))
NUMBERS = torch.randn(4, T, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def options(kind):
    sizes = {"tokens": (V, None), "numbers": (None, D)}[kind]
    return {"vocabulary_size": sizes[0], "input_size": sizes[1], "embedding_size": 4, "num_classes": K}


def classifier(cell="lstm", kind="tokens", **more):
    torch.manual_seed(0)
    return SequenceClassifier(cell=partial(CELLS[cell], hidden_size=4), **options(kind), **more).double()


def tagger(cell="lstm", kind="tokens", **more):
    torch.manual_seed(0)
    return SequenceTagger(cell=partial(CELLS[cell], hidden_size=4), **{**options(kind), **more}).double()


def bag(kind="tokens"):
    torch.manual_seed(0)
    return BagOfWords(**options(kind)).double()


def window(kind="tokens", size=T):
    torch.manual_seed(0)
    return WindowMLP(window=size, hidden_size=7, **options(kind)).double()


EACH = {
    "bag_of_words": bag,
    "window_mlp": window,
    "window_mlp_long": partial(window, size=T + 3),
    "window_mlp_short": partial(window, size=2),
}
EACH |= {
    f"{cell}_{summary}_{1 + both}": partial(classifier, cell, summary=summary, bidirectional=both, layers=2)
    for cell in CELLS for summary in get_args(Summary) for both in (False, True)
}  # fmt: skip
A_STEP = {
    f"tagger_{cell}_{1 + both}": partial(tagger, cell, bidirectional=both, layers=2) for cell in CELLS for both in (False, True)
}
every_kind = pytest.mark.parametrize("kind, xs", [("tokens", TOKENS), ("numbers", NUMBERS)])


@every_kind
@pytest.mark.parametrize("name", EACH)
def test_one_answer_a_sequence_whatever_pads_it_and_stands_beside_it(name, kind, xs):
    net = EACH[name](kind=kind)
    answers, changed = net(xs, LENGTHS), xs.clone()
    assert answers.shape == (4, K)
    changed[torch.arange(T) >= LENGTHS[:, None]] = 3
    assert torch.equal(net(changed, LENGTHS), answers)
    for i, length in enumerate(LENGTHS):
        assert torch.allclose(net(xs[i : i + 1, :length])[0], answers[i], atol=1e-12)  # T = 1 and a batch of one among them
    assert torch.allclose(net(xs), net(xs, torch.full((4,), T)), atol=1e-12)


@every_kind
@pytest.mark.parametrize("name", A_STEP)
def test_one_answer_a_step_whatever_pads_the_sequence_and_stands_beside_it(name, kind, xs):
    net = A_STEP[name](kind=kind)
    (answers, ends), changed = net(xs, LENGTHS), xs.clone()
    assert answers.shape == (4, T, K)
    changed[torch.arange(T) >= LENGTHS[:, None]] = 3
    assert torch.equal(net(changed, LENGTHS)[0], answers)
    for i, length in enumerate(LENGTHS):
        alone, end = net(xs[i : i + 1, :length])
        assert torch.allclose(alone[0], answers[i, :length], atol=1e-12)
        assert all(torch.allclose(a[0], b[i], atol=1e-12) for one, all_ in zip(end, ends) for a, b in zip(one, all_))


@pytest.mark.parametrize("cell", CELLS)
def test_a_call_goes_on_where_another_ended(cell):
    net = tagger(cell, layers=2)
    first, states = net(TOKENS[:, :2])
    second, _ = net(TOKENS[:, 2:], None, states)
    assert torch.allclose(torch.cat((first, second), 1), net(TOKENS)[0], atol=1e-12)  # so that the past sees no future
    both = tagger(cell, layers=2, bidirectional=True)
    assert not torch.isclose(both(TOKENS[:, :2])[0], both(TOKENS)[0][:, :2]).any()


def test_summaries_are_those_of_the_states():
    for summary, by_hand in {"mean": lambda h: h.mean(1), "max": lambda h: h.amax(1), "last": lambda h: h[:, -1]}.items():
        net = classifier("gru", summary=summary)
        outputs, _ = net.recurrent(net.input(TOKENS))
        assert torch.allclose(net(TOKENS), net.head(by_hand(outputs)))
    both = classifier("gru", bidirectional=True)
    outputs, _ = both.recurrent(both.input(TOKENS))
    assert torch.allclose(both(TOKENS), both.head(torch.cat((outputs[:, -1, :4], outputs[:, 0, 4:]), 1)))


def test_a_frozen_recurrence_gets_no_gradient_and_what_stands_before_and_behind_it_does():
    net = tagger(frozen=True)
    net(TOKENS, LENGTHS)[0].sum().backward()
    assert {name.split(".")[0] for name, weight in net.named_parameters() if weight.grad is not None} == {"input", "head"}


def test_tied_weights_are_one_and_get_both_gradients():
    net = tagger("gru", num_classes=V, tied=True)
    assert net.head.weight is net.input.embedding.weight
    assert len(list(net.parameters())) == len(list(tagger("gru").parameters())) - 1
    net(TOKENS[:1, :1])[0][0, 0, 1].backward()
    reached = net.head.weight.grad.abs().sum(1) > 0
    assert reached[1] and reached[TOKENS[0, 0]] and reached.sum() <= 2


def test_a_bag_of_words_knows_no_order_and_a_recurrent_network_does():
    turned = TOKENS.flip(1)
    assert torch.allclose(bag()(TOKENS), bag()(turned))
    assert not torch.allclose(classifier()(TOKENS), classifier()(turned))


def test_a_window_does_not_see_beyond_itself():
    net, changed = window(size=4), TOKENS.clone()
    changed[:, 4:] = 1
    assert torch.equal(net(TOKENS), net(changed))
    changed[:, 3] = changed[:, 3] % (V - 1) + 1
    assert not torch.equal(net(TOKENS), net(changed))


NETS = {"classifier": classifier, "tagger": tagger, "bag": bag, "window": window}


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
@pytest.mark.parametrize(
    "kind, xs, lengths, words",
    [
        ("tokens", TOKENS + 8, None, f"not all in a vocabulary of {V}"),
        ("tokens", -TOKENS, None, "tokens from -8 to -1"),
        ("tokens", NUMBERS, None, "made for tokens, the data are numbers"),
        ("numbers", TOKENS, None, "made for numbers, the data are tokens"),
        ("numbers", NUMBERS[..., :2], None, "input_size=3, the data have 2"),
        ("tokens", TOKENS[:, :0], None, "an empty sequence"),
        ("numbers", NUMBERS[:, :0], None, "an empty sequence"),
        ("tokens", TOKENS, torch.tensor([6, 0, 4, 2]), "lengths from 0 to 6 must lie between 1 and 6"),
        ("tokens", TOKENS, torch.tensor([7, 1, 4, 2]), "lengths from 1 to 7 must lie between 1 and 6"),
        ("tokens", TOKENS, torch.tensor([6, 1, 4, 2], device="meta"), "lengths are on meta, the sequences on cpu"),
    ],
)
def test_bad_batches_are_one_line(net, kind, xs, lengths, words):
    with pytest.raises(BadInput, match=words):
        net(kind=kind)(xs, lengths)


test_bad_networks_are_one_line = refusals(
    (lambda: tagger()(TOKENS, None, tagger()(TOKENS[:2])[1]), r"a state of shape \(2, 4\) does not fit a batch of 4"),
    (lambda: tagger(num_classes=V + 1, tied=True), "tied=true needs as many classes as tokens"),
    (lambda: tagger(kind="numbers", tied=True), "tied=true needs"),
    (lambda: classifier(summary="las"), "did you mean 'last'"),
    (lambda: classifier(dropout=1.0), "dropout=1.0"),
    (lambda: SequenceTagger(**{**options("tokens"), "input_size": 3}, cell=partial(GRU, hidden_size=4)), "either tokens"),
    (lambda: SequenceTagger(**{**options("tokens"), "vocabulary_size": None}, cell=partial(GRU, hidden_size=4)), "either tokens"),
    (lambda: window(size=0), "window=0"),
    (lambda: classifier("unshared")(TOKENS.repeat(1, 2)), "12 steps has no weights after the first 8"),
    (lambda: (net := tagger("unshared"))(TOKENS, None, net(TOKENS)[1]), "step 9 has no weights"),
)
