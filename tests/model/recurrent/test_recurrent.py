"""Contracts of every cell, direction, depth and path: torch's own, gradients, padding, causality, the chain rule."""

import copy
from functools import partial

import networks
import pytest
import torch
from commands import CONF
from hydra.utils import instantiate
from omegaconf import OmegaConf
from refusals import refusals
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ablate.model.recurrent.cell.elman import IRNN, Elman
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM, LSTMState
from ablate.model.recurrent.layers import Recurrent
from ablate.model.recurrent.unroll import reverse_padded, unroll

D, N = 3, 4
CELLS = networks.CELLS | {"elman_relu": partial(Elman, nonlinearity="relu"), "gru_before": partial(GRU, reset="before")}
TORCH = {
    "elman": nn.RNN,
    "elman_relu": partial(nn.RNN, nonlinearity="relu"),
    "irnn": partial(nn.RNN, nonlinearity="relu"),
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}
every_cell = pytest.mark.parametrize("name", CELLS)
every_path = pytest.mark.parametrize("fused", ["auto", "never"])
LENGTHS = torch.tensor([5, 1, 3, 5])


def network(name, layers=1, bidirectional=False, fused="auto", dtype=torch.float64):
    torch.manual_seed(0)
    return Recurrent(partial(CELLS[name], hidden_size=N), D, layers, bidirectional, 0.0, fused).to(dtype)


def batch(dtype=torch.float64, steps=5):
    return torch.randn(4, steps, D, dtype=dtype, generator=torch.Generator().manual_seed(1))


def theirs(ours, name, layers, bidirectional):
    """torch's module with our weights."""
    module = TORCH[name](D, N, layers, batch_first=True, bidirectional=bidirectional).to(next(ours.parameters()).dtype)
    with torch.no_grad():
        for i, cells in enumerate(ours.layers):
            for cell, suffix in zip(cells, ("", "_reverse")):
                for kind, value in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), cell.fused()[1]):
                    getattr(module, f"{kind}_l{i}{suffix}").copy_(value)
    return module


@every_path
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("layers, bidirectional", [(1, False), (1, True), (2, True), (3, False)])
@pytest.mark.parametrize("name", TORCH)
def test_torchs_own_with_our_weights(name, layers, bidirectional, padded, fused):
    ours, xs = network(name, layers, bidirectional, fused, torch.float32), batch(torch.float32).requires_grad_()
    module, again = theirs(ours, name, layers, bidirectional), xs.detach().clone().requires_grad_()
    lengths = LENGTHS if padded else None
    found, states = ours(xs, lengths)
    if padded:
        packed, ends = module(pack_padded_sequence(again, lengths, batch_first=True, enforce_sorted=False))
        expected, _ = pad_packed_sequence(packed, batch_first=True)
    else:
        expected, ends = module(again)
    assert torch.allclose(found, expected, atol=1e-6)
    for i, kind in enumerate(ends if name == "lstm" else (ends,)):
        assert torch.allclose(torch.stack([state[i] for state in states]), kind, atol=1e-6)
    weight = torch.randn(found.shape, generator=torch.Generator().manual_seed(2))
    (found * weight).sum().backward()
    (expected * weight).sum().backward()
    assert torch.allclose(xs.grad, again.grad, atol=1e-6)
    assert torch.allclose(ours.layers[0][0].weight_hidden.grad, module.weight_hh_l0.grad, atol=1e-5)
    assert torch.allclose(ours.layers[0][0].weight_input.grad, module.weight_ih_l0.grad, atol=1e-5)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("name", TORCH)
def test_in_bfloat16_on_every_processor(name, lengths):
    ours, xs = network(name, 1, False, "auto", torch.float32), batch(torch.float32)
    expected, _ = ours(xs, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        found = [ours(xs.to(dtype), lengths)[0].float() for dtype in (torch.float32, torch.bfloat16)]
    assert all(torch.allclose(each, expected, atol=0.03) for each in found)


@every_cell
def test_fused_and_not_give_the_same_gradients(name):
    both = [network(name, 2, True, fused) for fused in ("auto", "never")]
    for net in both:
        outputs, states = net(batch(), LENGTHS)
        (outputs.sin().sum() + sum(field.cos().sum() for state in states for field in state)).backward()
    for one, other in zip(*(net.parameters() for net in both)):
        assert torch.allclose(one.grad, other.grad, atol=1e-12)


@every_path
@every_cell
def test_gradients_are_those_of_finite_differences(name, fused):
    cell, lengths = network(name).layers[0][0], torch.tensor([3, 2])
    xs = torch.randn(2, 3, D, dtype=torch.float64, requires_grad=True)
    counts = [field for field in cell.initial_state(2) if not field.is_floating_point()]  # they have no gradient
    state = tuple(torch.rand(2, N, dtype=torch.float64, requires_grad=True) for _ in cell.state_type._fields[len(counts) :])

    def function(xs, *state):
        outputs, end = unroll(cell, xs, lengths, cell.state_type(*state, *counts), fused=fused)
        return outputs, *(field for field in end if field.is_floating_point())

    assert torch.autograd.gradcheck(function, (xs, *state))


@every_path
@pytest.mark.parametrize("bidirectional", [False, True])
@every_cell
def test_padding_and_other_sequences_change_nothing(name, bidirectional, fused):
    net, xs = network(name, 2, bidirectional, fused), batch()
    outputs, states = net(xs, LENGTHS)
    changed = xs.clone()
    changed[torch.arange(5) >= LENGTHS[:, None]] = 1e3
    again, states_again = net(changed, LENGTHS)
    assert torch.equal(outputs, again) and all(torch.equal(a, b) for s, t in zip(states, states_again) for a, b in zip(s, t))
    for i, length in enumerate(LENGTHS):
        alone, end = net(xs[i : i + 1, :length])
        assert torch.allclose(alone[0], outputs[i, :length], atol=1e-14)
        assert not outputs[i, length:].any()
        for state, own in zip(states, end):
            assert all(torch.allclose(a[i], b[0], atol=1e-14) for a, b in zip(state, own))


@every_path
@every_cell
def test_nothing_comes_from_the_future(name, fused):
    cell, xs = network(name).layers[0][0], batch().requires_grad_()
    for reverse in (False, True):
        outputs, _ = unroll(cell, xs, reverse=reverse, fused=fused)
        (gradient,) = torch.autograd.grad(outputs[:, 2].sum(), xs)
        reached = gradient.abs().sum((0, 2)) > 0
        assert reached.tolist() == ([False, False, True, True, True] if reverse else [True, True, True, False, False])


@every_path
@every_cell
def test_in_one_go_and_in_two(name, fused):
    net, xs = network(name, 2, fused=fused), batch()
    whole, end = net(xs)
    first, state = net(xs[:, :2])
    second, state = net(xs[:, 2:], states=state)
    assert torch.allclose(torch.cat((first, second), 1), whole, atol=1e-14)
    assert all(torch.allclose(a, b, atol=1e-14) for s, t in zip(state, end) for a, b in zip(s, t))


@every_path
@every_cell
def test_the_gradient_of_the_shared_weights_is_the_sum_over_its_copies(name, fused):
    cell, xs = network(name).layers[0][0], batch()
    unroll(cell, xs, fused=fused)[0].square().sum().backward()
    copies, state, loss = [copy.deepcopy(cell) for _ in range(5)], cell.initial_state(4), 0
    for each, x in zip(copies, xs.unbind(1)):
        each.zero_grad()
        output, state = each(x, state)
        loss = loss + output.square().sum()
    loss.backward()
    for parameter, *parts in zip(cell.parameters(), *(each.parameters() for each in copies)):
        assert torch.allclose(parameter.grad, sum(part.grad for part in parts), atol=1e-12)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@every_cell
def test_recording_changes_nothing_and_holds_every_state(name, lengths):
    net, record = network(name, 2, True), []
    outputs, ends = net(batch(), lengths, record=record)
    assert torch.allclose(outputs, net(batch(), lengths)[0], atol=1e-14)
    assert [len(states) for states in record] == [5] * 4
    true = torch.full((4,), 5) if lengths is None else lengths
    for states, end in zip(record, ends):
        for fields, last in zip(zip(*states), end):
            assert torch.equal(torch.stack(fields)[true - 1, torch.arange(4)], last)
    inside = torch.arange(5) < true[:, None]
    forward, backward = (torch.stack([state.hidden for state in states], 1) for states in record[2:])
    assert torch.equal(forward[inside], outputs[..., :N][inside])
    assert torch.equal(reverse_padded(backward, lengths)[inside], outputs[..., N:][inside])
    for gradient in torch.autograd.grad(outputs.sum(), [state.hidden for states in record for state in states[:1]]):
        assert (gradient.abs().sum(1) > 0).all()


@every_path
@every_cell
def test_one_step_of_one_sequence(name, fused):
    cell = network(name).layers[0][0]
    x = torch.ones(1, 1, D, dtype=torch.float64)
    output, state = unroll(cell, x, torch.tensor([1]), fused=fused)
    expected, after = cell(x[:, 0], cell.initial_state(1))
    assert torch.allclose(output[:, 0], expected, atol=1e-14) and torch.allclose(state[-1], after[-1], atol=1e-14)


def test_initialisations():
    torch.manual_seed(0)
    orthogonal = LSTM(D, 8, recurrent_init="orthogonal", gain=1.5)
    for block in orthogonal.weight_hidden.split(8):
        assert torch.allclose(block.T @ block, 2.25 * torch.eye(8), atol=1e-5)
    assert orthogonal.weight_input.abs().max() <= 8**-0.5
    assert torch.equal(LSTM(D, 8, forget_bias=3.0).bias[8:16], torch.full((8,), 3.0))
    assert torch.equal(IRNN(D, 8).weight_hidden, torch.eye(8)) and not IRNN(D, 8).bias.any()


def test_the_forget_bias_is_the_gate_that_it_says():
    cell = LSTM(1, 1, forget_bias=2.0)
    nn.init.zeros_(cell.weight_input), nn.init.zeros_(cell.weight_hidden)
    state = LSTMState(torch.zeros(1, 1), torch.ones(1, 1))
    gates, _ = cell.gate(cell.project(torch.zeros(1, 1)), state)
    assert gates["forget"].item() == pytest.approx(torch.tensor(2.0).sigmoid().item())


def test_dropout_lies_between_layers_only():
    torch.manual_seed(0)
    one = Recurrent(partial(GRU, hidden_size=N), D, 1, dropout=0.5)
    assert torch.equal(one(batch(torch.float32))[0], one(batch(torch.float32))[0])
    two = Recurrent(partial(GRU, hidden_size=N), D, 2, dropout=0.5)
    assert not torch.equal(two(batch(torch.float32))[0], two(batch(torch.float32))[0])
    two.eval()
    assert torch.equal(two(batch(torch.float32))[0], two(batch(torch.float32))[0])


@pytest.mark.parametrize("path", sorted((CONF / "model/cell").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_makes_its_cell(path):
    cell = instantiate(OmegaConf.create({"data": {"max_length": 3}, "cell": OmegaConf.load(path)}).cell)(7)
    assert (cell.input_size, cell.hidden_size) == (7, 128)
    assert unroll(cell, torch.ones(2, 3, 7))[0].shape == (2, 3, 128)


XS, CELL = torch.ones(2, 3, D), LSTM(D, N)


test_bad_input_is_one_line = refusals(
    (lambda: unroll(CELL, XS[:, :0]), "an empty sequence"),
    (lambda: unroll(CELL, XS, torch.tensor([3, 0])), "lengths from 0 to 3 must lie between 1 and 3"),
    (lambda: unroll(CELL, XS, torch.tensor([3, 4])), "lengths from 3 to 4"),
    (lambda: unroll(CELL, XS, torch.tensor([3, 1], device="meta")), "lengths are on meta, the sequences on cpu"),
    (lambda: unroll(CELL, XS, state=CELL.initial_state(3)), r"a state of shape \(3, 4\) does not fit a batch of 2"),
    (lambda: unroll(CELL, XS, fused="always"), "did you mean|is unknown"),
    (lambda: GRU(D, N, reset="befor"), "did you mean 'before'"),
    (lambda: Elman(D, N, "tan"), "did you mean 'tanh'"),
    (lambda: LSTM(D, N, recurrent_init="ortogonal"), "did you mean 'orthogonal'"),
    (lambda: LSTM(D, 0), "hidden_size=0"),
    (lambda: Recurrent(partial(LSTM, hidden_size=N), D, 0), "layers=0"),
    (lambda: Recurrent(partial(LSTM, hidden_size=N), D, dropout=1.0), "dropout=1.0"),
)
