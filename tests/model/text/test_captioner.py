"""Reading pictures, writing text: rows, frozen encoders, places, configurations, and that the picture matters."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from commands import CONF, compose
from networks import captioner

from ablate.errors import BadInput
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.segmenter.encoder.small import SmallEncoder
from ablate.model.segmenter.encoder.vgg16 import VGG16
from ablate.model.text.attention.additive import Additive
from ablate.model.text.attention.general import General
from ablate.model.text.attention.none import none
from ablate.model.text.decoding.beam import beam
from ablate.model.text.encoder_decoder import EncoderDecoder
from ablate.run.build import build

V = 7
CELLS = {"gru": GRU, "lstm": LSTM}
ATTENTIONS = {"none": none, "additive": partial(Additive, size=5), "general": General}
ENCODERS = {"small": partial(SmallEncoder, width=4, depth=2), "vgg16": partial(VGG16, 2)}
TOKENS = torch.randint(1, V, (3, 4), generator=torch.Generator().manual_seed(2))
every_attention = pytest.mark.parametrize("attention", ATTENTIONS)


def network(encoder="small", cell="lstm", attention="additive", **options):
    torch.manual_seed(0)
    made = partial(CELLS[cell], hidden_size=8)
    return captioner(ENCODERS[encoder](), V, 6, made, ATTENTIONS[attention], partial(beam, width=3), **options)


def pictures(rows=3):
    return torch.rand(rows, 3, 16, 12, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("cell", CELLS)
@every_attention
def test_rows_are_independent_and_stepwise_is_teacher_forced(attention, cell, encoder):
    net = network(encoder, cell, attention).eval()
    decoded = net(pictures(), None, TOKENS)
    alone = net(pictures()[1:2], None, TOKENS[1:2])
    assert torch.allclose(alone.logits[0], decoded.logits[1], atol=1e-5)
    memory = net.reader(pictures())
    state = net.decoder.start(memory)
    for t, token in enumerate(TOKENS.unbind(1)):
        logits, state, _ = net.decoder.step(token, state, memory)
        assert torch.allclose(logits, decoded.logits[:, t], atol=1e-5)
    assert (decoded.weights is None) == (attention == "none")


def test_keys_are_the_places_of_the_map_row_by_row():
    net = network().eval()
    memory, features = net.reader(pictures()), net.reader.encoder(pictures())
    assert memory.keys.shape == (3, 4 * 3, 8) and memory.mask.all()
    assert torch.equal(memory.keys[:, 3 + 2], features.bottom[:, :, 1, 2])
    assert torch.allclose(memory.summary, features.bottom.mean((2, 3)))
    finer = network(places="last_map").eval().reader(pictures())
    assert finer.keys.shape == (3, 8 * 6, 8)


@every_attention
def test_the_picture_comes_first_as_in_show_and_tell(attention):
    net = network(attention=attention, start="input").eval()
    decoder, memory = net.decoder, net.reader(pictures())
    zero = decoder.recurrent.layers[0][0].initial_state(3)
    expected, _ = decoder.recurrent.layers[0][0](decoder.start_from(memory.summary), zero)
    assert torch.equal(decoder.start(memory).cells[0].hidden, expected)


def test_a_frozen_encoder_stays_as_it_is():
    net = network(frozen=True)
    before = {name: value.clone() for name, value in net.reader.encoder.state_dict().items()}
    optimizer = torch.optim.SGD(net.parameters(), 0.5)
    net.train()
    net(pictures(), None, TOKENS).logits.square().sum().backward()
    optimizer.step()
    assert not any(module.training for module in net.reader.encoder.modules()) and net.decoder.training
    assert all(torch.equal(value, before[name]) for name, value in net.reader.encoder.state_dict().items())
    assert network().train().reader.encoder.training


@every_attention
def test_gradients_reach_the_encoder(attention):
    net = network(attention=attention)
    net(pictures(), None, TOKENS).logits.square().sum().backward()
    assert not [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()]


@every_attention
def test_it_learns_what_is_in_the_picture(attention):
    """Dark or light, left or right: four pictures, four captions, found again by the beam."""
    net = network(attention=attention)
    light, half = torch.tensor([0.2, 1.0]).repeat_interleave(2), torch.arange(12) < 6
    image = torch.stack([value * (half if i % 2 else ~half).float().expand(3, 16, 12) for i, value in enumerate(light)])
    target = torch.tensor([[2, 4, 5, 3], [2, 4, 6, 3], [2, 5, 5, 3], [2, 5, 6, 3]])
    optimizer = torch.optim.Adam(net.parameters(), 0.02)
    for _ in range(100):
        loss = F.cross_entropy(net(image, None, target[:, :-1]).logits.flatten(0, 1), target[:, 1:].flatten())
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    found = net.search(net.decoder, net.reader(image), begin=2, end=3, banned=(0, 1, 2))
    assert torch.equal(found.tokens[:, :3], target[:, 1:])


@pytest.mark.parametrize("encoder", sorted(path.stem for path in (CONF / "model/encoder").glob("*.yaml")))
def test_the_config_makes_it(encoder):
    cfg = compose(
        "model=captioner", f"model/encoder={encoder}", "model.encoder.width=2", "model/attention=none", "+data.vocabulary_size=7"
    )
    net = build(cfg, "model.network")
    assert isinstance(net, EncoderDecoder) and net(pictures(), None, TOKENS).logits.shape == (3, 4, V)


def test_places_that_there_are_not():
    with pytest.raises(BadInput, match="did you mean 'last_map'"):
        network(places="last")
