"""Looking inside: gradients against products of Jacobians, the last step's part of a loss, states, gates and costs by hand."""

from functools import partial

import pytest
import torch
from commands import compose
from hydra.utils import instantiate
from networks import CELLS
from torch import nn

from ablate.analysis.cost import cost
from ablate.analysis.trace import (
    find_recurrent,
    gate_openings,
    gradient_by_lag,
    gradient_norms,
    hidden_states,
    last_step,
    ratio_by_lag,
    recording,
)
from ablate.errors import BadInput
from ablate.model.recurrent.layers import Recurrent

D, N, T = 3, 4, 6
LENGTHS = torch.tensor([6, 2, 4])
every_cell = pytest.mark.parametrize("name", ["elman", "irnn", "gru", "lstm"])


def network(name, layers=1, bidirectional=False):
    torch.manual_seed(0)
    return Recurrent(partial(CELLS[name], hidden_size=N), D, layers, bidirectional).double()


def sequences(rows=3):
    return torch.randn(rows, T, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def traced(net, lengths=None, rows=3, states=None):
    with recording(net) as trace:
        outputs, ends = net(sequences(rows), lengths, states)
    return trace, outputs, ends


def test_an_elman_gradient_is_the_product_of_its_jacobians():
    net = network("elman")
    trace, outputs, ends = traced(net, rows=1)
    (found,) = gradient_norms(trace, ends[0].hidden.square().sum())
    w, states = net.layers[0][0].weight_hidden, outputs[0]
    expected = [2 * states[-1]]
    for t in range(T - 1, 0, -1):  # dh_t/dh_{t-1} = diag(1 - h_t^2) W
        expected.append(((1 - states[t] ** 2)[:, None] * w).T @ expected[-1])
    assert torch.allclose(found, torch.stack(expected).norm(dim=1), atol=1e-14)


@every_cell
def test_a_gradient_is_that_of_a_state_put_in(name):
    """dL/dh_2 through the rest of the sequence, from a pass that begins there; of an LSTM's memory too."""
    net = network(name)
    trace, _, ends = traced(net)
    loss = ends[0].hidden.sin().sum()
    begin = type(ends[0])(*(field.detach().requires_grad_() for field in trace.states[0][2]))
    _, (end,) = net(sequences()[:, 3:], states=[begin])
    gradients = dict(zip(begin._fields, torch.autograd.grad(end.hidden.sin().sum(), begin)))
    if name == "lstm":  # h_t = o tanh(c_t) follows c_t
        tanh = begin.memory.tanh()
        gradients["memory"] = gradients["memory"] + gradients["hidden"] * begin.hidden / tanh * (1 - tanh**2)
    for field, gradient in gradients.items():
        found = gradient_norms(trace, loss, field=field)
        assert found.shape == (3, T) and torch.allclose(found[:, 3], gradient.norm(dim=1), atol=1e-14)


@every_cell
def test_padded_sequences_count_from_their_own_ends(name):
    net = network(name)
    trace, _, ends = traced(net, LENGTHS)
    alone = []
    for row, length in enumerate(LENGTHS):
        with recording(net) as each:
            _, end = net(sequences()[row : row + 1, :length])
        alone.append([gradient_norms(each, end[0].hidden.sin().sum(), field=field)[0] for field in end[0]._fields])
    for field, *rows in zip(ends[0]._fields, *alone):
        found = gradient_norms(trace, ends[0].hidden.sin().sum(), field=field)
        for row, expected, length in zip(found, rows, LENGTHS):
            assert torch.allclose(row[:length], expected, atol=1e-14) and row[length:].isnan().all()


def test_averages_and_ratios_are_of_the_sequences_that_have_the_lag():
    norms = torch.tensor([[3.0, 1.0, torch.nan], [4.0, 7.0, 2.0]], dtype=torch.float64)
    assert gradient_by_lag(norms).tolist() == pytest.approx([12.5**0.5, 5, 2])
    assert ratio_by_lag(norms).tolist() == pytest.approx([1, 5 / 12.5**0.5, 0.5])


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("layers", [1, 2])
@every_cell
def test_the_last_step_of_a_loss_at_every_step(name, layers, lengths):
    trace, outputs, _ = traced(network(name, layers), lengths)
    each = (outputs.sin() * torch.arange(1, T + 1)[:, None]).sum(2)
    last = each.gather(1, trace.lengths[:, None] - 1).sum()
    for cell in range(layers):
        alone, part = gradient_norms(trace, last, cell), gradient_norms(trace, last_step(trace, each.sum()), cell)
        assert torch.allclose(alone, part, atol=1e-12, equal_nan=True)
        assert not torch.allclose(alone[:, 1:], gradient_norms(trace, each.sum(), cell)[:, 1:], equal_nan=True)


def test_the_loss_of_one_output_of_many():
    trace, outputs, _ = traced(network("gru"))
    found = gradient_norms(trace, outputs[:, 3].sin().sum(), at=torch.full((3,), 3))
    assert found.shape == (3, 4) and (found > 0).all()
    assert not gradient_norms(trace, outputs[:, 3].sin().sum())[:, :2].any()  # the past does not see the future


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_states_and_gates_are_those_of_single_steps(name, bidirectional):
    net = network(name, 2, bidirectional)
    trace, outputs, _ = traced(net, LENGTHS)
    top = torch.cat([hidden_states(trace, 2, cell) for cell in range(len(trace.states))[-1 - bidirectional :]], 1)
    assert torch.equal(top, outputs[2, :4])
    for number in range(len(trace.states)):
        cell, layer, backward = trace.cell(number)
        xs = sequences()[2, :4]
        if layer:
            xs = torch.cat([hidden_states(trace, 2, i) for i in range(1 + bidirectional)], 1)
        state, found = cell.initial_state(1), gate_openings(trace, 2, number)
        assert set(found) == set(cell.gates) - {"candidate"}
        for t in range(3, -1, -1) if backward else range(4):
            gates, _ = cell.gate(cell.project(xs[t : t + 1]), state)
            state = cell.step(cell.project(xs[t : t + 1]), state)
            assert torch.allclose(state.hidden[0], hidden_states(trace, 2, number)[t], atol=1e-14)
            assert all(torch.allclose(gates[gate][0], found[gate][t], atol=1e-14) for gate in gates)


def test_a_state_carried_in_is_where_the_gates_begin():
    net = network("lstm")
    start = net.layers[0][0].state_type(torch.ones(3, N).double(), torch.ones(3, N).double())
    trace, _, _ = traced(net, states=[start])
    cell = net.layers[0][0]
    gates, _ = cell.gate(cell.project(sequences()[:, 0]), start)
    assert torch.allclose(gate_openings(trace, 1)["forget"][0], gates["forget"][1], atol=1e-14)


def test_a_cell_without_gates_has_none_and_recording_ends():
    net = network("irnn")
    trace, _, _ = traced(net)
    assert gate_openings(trace) == {} and not net._forward_pre_hooks
    before = trace.states[0][0]
    net(sequences())
    assert trace.states[0][0] is before


def test_the_first_recurrent_network_of_a_model():
    net = network("elman")
    assert find_recurrent(nn.Sequential(nn.Linear(2, 2), net)) is net and find_recurrent(nn.Linear(2, 2)) is None


def test_a_cell_that_is_not_there():
    trace, _, _ = traced(network("elman"))
    with pytest.raises(BadInput, match="cell=1 must be a whole number from 0 to 0"):
        hidden_states(trace, cell=1)


def test_cost_of_two_levels_by_hand():
    overrides = ["model.encoder.width=4", "model.encoder.depth=2", "model/decoder=transposed_conv", "model.num_classes=5"]
    model = instantiate(compose(*overrides).model)
    random_state = torch.get_rng_state()
    counted = cost(model, torch.empty(3, 3, 16, 16))
    assert torch.equal(random_state, torch.get_rng_state()) and next(model.parameters()).device.type == "cpu"
    encoder = 256 * 27 * 4 + 64 * 36 * 8 + 2 * 16 * 72 * 8  # two levels, and the bottleneck
    # A transposed convolution costs kernel² · c² for each input pixel; its block as a convolution at the output's size.
    decoder = (16 * 16 * 64 + 64 * 72 * 4) + (64 * 16 * 16 + 256 * 36 * 4)
    head = 256 * 4 * 5
    assert counted.multiply_adds == 3 * (encoder + decoder + head)
    parts = {"encoder": 3 * encoder, "decoder": 3 * decoder, "head": 3 * head}
    assert {name: part.multiply_adds for name, part in counted.parts.items()} == parts
    norms = 2 * (4 + 8 + 8 + 8) + 2 * (4 + 4)
    weights = 27 * 4 + 36 * 8 + 2 * 72 * 8 + (16 * 64 + 72 * 4) + (16 * 16 + 36 * 4) + (4 * 5 + 5)
    assert counted.parameters == norms + weights == sum(part.parameters for part in counted.parts.values())
