"""Contracts of the decoder of text, over every cell and attention: stepwise and at once, padding, rows, causality, sampling."""

from functools import partial

import pytest
import torch
from networks import ATTENTIONS, CELLS, every_attention, every_cell
from refusals import refusals

from ablate.model.text.decoder import TextDecoder
from ablate.model.text.memory import Memory, reorder

N, V, E = 4, 7, 3
LENGTHS = torch.tensor([5, 1, 3])
MASK = torch.arange(5) < LENGTHS[:, None]
TOKENS = torch.randint(1, V, (3, 6), generator=torch.Generator().manual_seed(2))
OPTIONS = {
    "plain": {},
    "not_fed": {"input_feeding": False},
    "two_layers": {"layers": 2, "tied": True},
    "picture_first": {"start": "input", "layers": 2, "fused": "never"},
}
every_option = pytest.mark.parametrize("option", OPTIONS)


def decoder(cell="gru", attention="additive", **options):
    torch.manual_seed(0)
    return TextDecoder(V, E, partial(CELLS[cell], hidden_size=N), N, 6, ATTENTIONS[attention], **options).double()


def memory(rows=3):
    random = torch.Generator().manual_seed(1)
    keys = torch.randn(rows, 5, N, dtype=torch.float64, generator=random)
    return Memory(keys, MASK[:rows], torch.randn(rows, 6, dtype=torch.float64, generator=random))


@every_option
@every_attention
@every_cell
def test_stepwise_is_teacher_forced_and_shows_no_future(cell, attention, option):
    net = decoder(cell, attention, **OPTIONS[option])
    decoded = net(TOKENS, memory())
    state = net.start(memory())
    assert len(state.cells) == len(net.recurrent.layers) and (state.context is not None) == net.input_feeding
    for t in range(6):
        logits, state, weights = net.step(TOKENS[:, t], state, memory())
        assert torch.allclose(logits, decoded.logits[:, t], atol=1e-12)
        if attention == "none":
            assert weights is None and decoded.weights is None
        else:
            assert torch.allclose(weights, decoded.weights[:, t], atol=1e-12)
    changed = TOKENS.clone()
    changed[:, 3:] = changed[:, 3:] % (V - 1) + 1
    again = net(changed, memory()).logits
    assert torch.allclose(again[:, :3], decoded.logits[:, :3], atol=1e-12) and not torch.allclose(again[:, 3], decoded.logits[:, 3])


@every_option
@every_attention
@every_cell
def test_gradients_reach_every_parameter(cell, attention, option):
    net = decoder(cell, attention, **OPTIONS[option], gated=attention != "none")
    net(TOKENS, memory()).logits.square().sum().backward()
    assert not [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()]


@every_attention
@every_cell
def test_scheduled_sampling_with_and_without_own_tokens(cell, attention):
    net = decoder(cell, attention)
    decoded = net(TOKENS, memory())
    none_own = net.scheduled(TOKENS, memory(), 0.0)
    assert torch.allclose(none_own.logits, decoded.logits, atol=1e-12)
    all_own = net.scheduled(TOKENS, memory(), 1.0, torch.Generator().manual_seed(0))
    other = net.scheduled(TOKENS % (V - 1) + 1, memory(), 1.0, torch.Generator().manual_seed(0))
    assert torch.allclose(all_own.logits[:, 0], decoded.logits[:, 0], atol=1e-12)
    first = torch.cat((TOKENS[:, :1], TOKENS[:, 1:] % (V - 1) + 1), 1)
    again = net.scheduled(first, memory(), 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(again.logits, all_own.logits) and not torch.allclose(other.logits, all_own.logits)


def test_each_token_is_its_own_with_the_probability_given():
    net = decoder(dropout=0.0)
    with torch.no_grad():
        net.head.weight.zero_(), net.head.bias.copy_(torch.tensor([0.0] * (V - 1) + [50.0]))  # always says the last token
        read, step = [], net.step
        net.step = lambda token, state, memory: read.append(token) or step(token, state, memory)
        net.scheduled(torch.ones(200, 11, dtype=torch.long), memory(1).repeat(200), 0.25, torch.Generator().manual_seed(0))
    read = torch.stack(read, 1)
    assert set(read.flatten().tolist()) == {1, V - 1} and (read[:, 0] == 1).all()
    assert (read[:, 1:] == V - 1).double().mean().item() == pytest.approx(0.25, abs=0.03)


def test_the_first_layers_equations_by_hand():
    """One layer, additive attention, input feeding, gate: Bahdanau's wiring written out."""
    net, m = decoder("elman", "additive", gated=True), memory()
    cell = net.recurrent.layers[0][0]

    def see(h):
        context, _ = net.attention(h[:, None], m.keys, m.mask)
        return torch.sigmoid(h @ net.gate.weight.T + net.gate.bias) * context[:, 0]

    h = torch.tanh(m.summary @ net.start_from.weight.T + net.start_from.bias)
    c = see(h)
    for t in range(2):
        x = torch.cat((net.input.embedding.weight[TOKENS[:, t]], c), 1)
        h = torch.tanh(x @ cell.weight_input.T + h @ cell.weight_hidden.T + cell.bias)
        c = see(h)
        logits = net.head(torch.tanh(net.readout(torch.cat((h, c), 1))))
        assert torch.allclose(net(TOKENS, m).logits[:, t], logits, atol=1e-12)


def test_tied_weights_are_one():
    assert all((net := decoder(attention=a, tied=True)).head.weight is net.input.embedding.weight for a in ("additive", "none"))


def test_dropout_is_off_in_evaluation():
    net = decoder(dropout=0.5)
    assert not torch.equal(net(TOKENS, memory()).logits, net(TOKENS, memory()).logits)
    net.eval()
    assert torch.equal(net(TOKENS, memory()).logits, net(TOKENS, memory()).logits)


def test_states_are_reordered_as_they_are():
    net = decoder("lstm", layers=2)
    state = net.start(memory())
    turned = reorder(state, torch.tensor([2, 0, 0]))
    assert type(turned) is type(state) and type(turned.cells[1]) is type(state.cells[1])
    assert torch.equal(turned.cells[1].memory, state.cells[1].memory[[2, 0, 0]]) and torch.equal(
        turned.context, state.context[[2, 0, 0]]
    )
    assert reorder(state._replace(context=None), torch.tensor([1])).context is None


test_bad_input_is_one_line = refusals(
    (lambda: decoder(attention="none", gated=True), "gated=true needs an attention"),
    (lambda: decoder(start="inputs"), "did you mean 'input'"),
    (lambda: decoder(dropout=1.0), "dropout=1.0"),
    (lambda: decoder().scheduled(TOKENS, memory(), 1.5), "sampling_probability=1.5 must be a number between 0 and 1"),
    (lambda: decoder("unshared")(TOKENS.repeat(1, 2), memory()), "step 9 has no weights: there are those of 8"),
    (lambda: decoder()(TOKENS + V, memory()), f"vocabulary of {V}"),
)
