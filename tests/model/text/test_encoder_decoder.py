"""Networks that read pictures or texts and write texts: rows, padding, reversal, frozen encoders, configurations, learning."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from commands import compose
from networks import ATTENTIONS, CELLS, captioner, minimise, translator
from refusals import refusals

from ablate.files import options
from ablate.model.segmenter.encoder.small import SmallEncoder
from ablate.model.segmenter.encoder.vgg16 import VGG16
from ablate.model.text.decoding.beam import Beam
from ablate.model.text.encoder_decoder import EncoderDecoder
from ablate.run.build import build

V = 7
ENCODERS = {"small": partial(SmallEncoder, width=4, depth=2), "vgg16": partial(VGG16, 2)}
PICTURES = torch.rand(3, 3, 16, 12, generator=torch.Generator().manual_seed(1))
SOURCE = torch.randint(1, 6, (3, 5), generator=torch.Generator().manual_seed(1))
LENGTHS = torch.tensor([5, 1, 3])
TOKENS = torch.randint(1, V, (3, 4), generator=torch.Generator().manual_seed(2))
OPTIONS = [{"layers": 2}, {"bidirectional": True}, {"reverse": True}, {"reverse": True, "bidirectional": True, "layers": 2}]
of_pictures = pytest.mark.parametrize("attention", ["none", "additive", "general"])


def of_picture(encoder="small", cell="lstm", attention="additive", **options):
    torch.manual_seed(0)
    made = partial(CELLS[cell], hidden_size=8)
    return captioner(ENCODERS[encoder](), V, 6, made, ATTENTIONS[attention], Beam(width=3), **options)


def of_text(cell="lstm", attention="additive", hidden_size=4, embedding_size=3, **options):
    torch.manual_seed(0)
    made = partial(CELLS[cell], hidden_size=hidden_size)
    return translator(6, V, embedding_size, made, ATTENTIONS[attention], **options).double()


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@of_pictures
def test_pictures_of_a_batch_are_independent(attention, cell, encoder):
    net = of_picture(encoder, cell, attention).eval()
    decoded, alone = net(PICTURES, None, TOKENS), net(PICTURES[1:2], None, TOKENS[1:2])
    assert torch.allclose(alone.logits[0], decoded.logits[1], atol=1e-5)
    assert (decoded.weights is None) == (attention == "none")


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options))
@pytest.mark.parametrize("attention", ["none", "additive", "dot", "general"])
@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_padding_and_other_texts_change_nothing(cell, attention, options):
    if attention == "dot" and "bidirectional" in options:
        pytest.skip("its keys are longer than its queries")
    net = of_text(cell, attention, **options)
    decoded = net(SOURCE, LENGTHS, TOKENS)
    padded = SOURCE.masked_fill(torch.arange(5) >= LENGTHS[:, None], 0)
    assert torch.equal(net(padded, LENGTHS, TOKENS).logits, decoded.logits)
    for i, length in enumerate(LENGTHS):
        alone = net(SOURCE[i : i + 1, :length], None, TOKENS[i : i + 1])
        assert torch.allclose(alone.logits[0], decoded.logits[i], atol=1e-12)
        assert attention == "none" or torch.allclose(alone.weights[0], decoded.weights[i, :, :length], atol=1e-12)


def test_keys_are_the_places_of_the_map_row_by_row():
    net = of_picture().eval()
    memory, features = net.encoder(PICTURES), net.encoder.backbone(PICTURES)
    assert memory.keys.shape == (3, 4 * 3, 8) and memory.mask.all()
    assert torch.equal(memory.keys[:, 3 + 2], features.bottom[:, :, 1, 2])
    assert torch.allclose(memory.summary, features.bottom.mean((2, 3)))
    assert of_picture(feature_level="last_map").eval().encoder(PICTURES).keys.shape == (3, 8 * 6, 8)


def test_reversal_is_within_the_length_and_keys_stay_at_their_tokens():
    turned = torch.tensor([row[:n].flip(0).tolist() + row[n:].tolist() for row, n in zip(SOURCE, LENGTHS)])
    plain, other = of_text().encoder(turned, LENGTHS), of_text(reverse=True).encoder(SOURCE, LENGTHS)
    assert torch.allclose(plain.summary, other.summary) and torch.allclose(plain.keys[0].flip(0), other.keys[0])
    assert torch.allclose(plain.keys[2, :3].flip(0), other.keys[2, :3])


def test_the_summary_is_all_that_the_reader_is_left_with():
    net = of_text(attention="none", bidirectional=True, layers=2)
    assert net.encoder.summary_size == 2 * 2 * 2 * 4 and net.encoder.key_size == 8
    assert net(SOURCE, LENGTHS, TOKENS).weights is None


@of_pictures
def test_the_picture_comes_first_as_in_show_and_tell(attention):
    net = of_picture(attention=attention, start="input").eval()
    decoder, memory = net.decoder, net.encoder(PICTURES)
    cell = decoder.recurrent.layers[0][0]
    expected, _ = cell(decoder.start_from(memory.summary), cell.initial_state(3))
    assert torch.equal(decoder.start(memory).cells[0].hidden, expected)


def test_a_frozen_encoder_stays_as_it_is():
    net = of_picture(frozen=True)
    before = {name: value.clone() for name, value in net.encoder.backbone.state_dict().items()}
    net.train()
    minimise(lambda: net(PICTURES, None, TOKENS).logits.square().sum(), torch.optim.SGD(net.parameters(), 0.5), steps=1)
    assert not any(module.training for module in net.encoder.backbone.modules()) and net.decoder.training
    assert all(torch.equal(value, before[name]) for name, value in net.encoder.backbone.state_dict().items())
    assert of_picture().train().encoder.backbone.training


@of_pictures
def test_gradients_reach_the_encoder(attention):
    net = of_picture(attention=attention)
    net(PICTURES, None, TOKENS).logits.square().sum().backward()
    assert not [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()]


def overfitted(net, source, target, lr, steps):
    """What the network's search finds after it learned to write each target."""

    def loss():
        return F.cross_entropy(net(source, None, target[:, :-1]).logits.flatten(0, 1), target[:, 1:].flatten())

    minimise(loss, torch.optim.Adam(net.parameters(), lr), steps)
    return net.search(net.decoder, net.encoder(source), begin=2, end=3, banned=(0, 1, 2)).tokens


@of_pictures
@pytest.mark.slow
def test_it_learns_what_is_in_the_picture(attention):
    """Dark or light, left or right: four pictures, four captions, found again by the beam."""
    light, half = torch.tensor([0.2, 1.0]).repeat_interleave(2), torch.arange(12) < 6
    image = torch.stack([value * (half if i % 2 else ~half).float().expand(3, 16, 12) for i, value in enumerate(light)])
    target = torch.tensor([[2, 4, 5, 3], [2, 4, 6, 3], [2, 5, 5, 3], [2, 5, 6, 3]])
    found = overfitted(of_picture(attention=attention), image, target, 0.02, 100)
    assert torch.equal(found[:, :3], target[:, 1:])


@pytest.mark.slow
@pytest.mark.parametrize("attention", ["none", "general"])
def test_it_learns_to_reverse(attention):
    net = of_text("gru", attention, hidden_size=24, embedding_size=8).float()
    source = torch.randint(4, 6, (16, 3), generator=torch.Generator().manual_seed(0))
    target = torch.cat((torch.full((16, 1), 2), source.flip(1), torch.full((16, 1), 3)), 1)
    assert torch.equal(overfitted(net, source, target, 0.03, 120), target[:, 1:])


@pytest.mark.parametrize("encoder", options("model/encoder"))
def test_the_config_of_a_captioner(encoder):
    words = [f"model/encoder={encoder}", "model.encoder.width=2", "model/attention=none", "+data.vocabulary_size=7"]
    net = build(compose("model=captioner", *words), "model.network")
    assert isinstance(net, EncoderDecoder) and net(PICTURES, None, TOKENS).logits.shape == (3, 4, V)


@pytest.mark.parametrize("attention", options("model/attention"))
def test_the_config_of_a_translator(attention):
    sizes = ["+data.source_vocabulary_size=6", "+data.vocabulary_size=7"]
    cfg = compose("model=sequence_to_sequence", f"model/attention={attention}", "model/search=beam", "model/cell=gru", *sizes)
    net = build(cfg, "model.network")
    assert isinstance(net, EncoderDecoder) and net.search == Beam(width=5)
    assert net(SOURCE, LENGTHS, TOKENS).logits.shape == (3, 4, V)


test_what_does_not_fit_is_named = refusals(
    (lambda: of_picture(feature_level="last"), "did you mean 'last_map'"),
    (lambda: of_text(attention="dot", bidirectional=True), "of the size of a key, 8, not 4; model/attention=general takes any"),
    (
        lambda: of_text(reverse=True)(SOURCE, LENGTHS + torch.tensor([1, 0, 0]), TOKENS),
        "lengths from 1 to 6 must lie between 1 and 5",
    ),
)
