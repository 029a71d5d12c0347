"""Reading and writing together: padding, reversal, directions, configurations, and that it learns."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from commands import CONF, compose
from networks import translator

from ablate.errors import BadInput
from ablate.model.recurrent.cell.elman import Elman
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.text.attention.additive import Additive
from ablate.model.text.attention.dot import Dot
from ablate.model.text.attention.general import General
from ablate.model.text.attention.none import none
from ablate.model.text.decoding.beam import beam
from ablate.model.text.decoding.greedy import greedy
from ablate.model.text.encoder_decoder import EncoderDecoder
from ablate.run.build import build

N = 4
SOURCE = torch.randint(1, 6, (3, 5), generator=torch.Generator().manual_seed(1))
LENGTHS = torch.tensor([5, 1, 3])
TOKENS = torch.randint(1, 7, (3, 4), generator=torch.Generator().manual_seed(2))
CELLS = {"elman": Elman, "gru": GRU, "lstm": LSTM}
ATTENTIONS = {"none": none, "additive": partial(Additive, size=5), "dot": Dot, "general": General}
OPTIONS = [{"layers": 2}, {"bidirectional": True}, {"reverse": True}, {"reverse": True, "bidirectional": True, "layers": 2}]


def network(cell="lstm", attention="additive", hidden_size=N, embedding_size=3, **options):
    torch.manual_seed(0)
    made = partial(CELLS[cell], hidden_size=hidden_size)
    return translator(6, 7, embedding_size, made, ATTENTIONS[attention], greedy, **options).double()


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options))
@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_padding_and_other_rows_change_nothing(cell, attention, options):
    if attention == "dot" and "bidirectional" in options:
        pytest.skip("its keys are longer than its queries")
    net = network(cell, attention, **options)
    decoded = net(SOURCE, LENGTHS, TOKENS)
    padded = SOURCE.masked_fill(torch.arange(5) >= LENGTHS[:, None], 0)
    assert torch.equal(net(padded, LENGTHS, TOKENS).logits, decoded.logits)
    for i, length in enumerate(LENGTHS):
        alone = net(SOURCE[i : i + 1, :length], None, TOKENS[i : i + 1])
        assert torch.allclose(alone.logits[0], decoded.logits[i], atol=1e-12)
        assert attention == "none" or torch.allclose(alone.weights[0], decoded.weights[i, :, :length], atol=1e-12)


def test_reversal_is_within_the_length_and_keys_stay_at_their_tokens():
    net, reverse = network(), network(reverse=True)
    turned = torch.tensor([row[:n].flip(0).tolist() + row[n:].tolist() for row, n in zip(SOURCE, LENGTHS)])
    plain, other = net.reader(turned, LENGTHS), reverse.reader(SOURCE, LENGTHS)
    assert torch.allclose(plain.summary, other.summary) and torch.allclose(plain.keys[0].flip(0), other.keys[0])
    assert torch.allclose(plain.keys[2, :3].flip(0), other.keys[2, :3])


def test_the_summary_is_all_that_the_reader_is_left_with():
    net = network(attention="none", bidirectional=True, layers=2)
    assert net.reader.summary_size == 2 * 2 * 2 * 4 and net.reader.key_size == 8
    assert net(SOURCE, LENGTHS, TOKENS).weights is None


@pytest.mark.parametrize("attention", ["none", "general"])
def test_it_learns_to_reverse(attention):
    net = network("gru", attention, hidden_size=24, embedding_size=8).float()
    source = torch.randint(4, 6, (16, 3), generator=torch.Generator().manual_seed(0))
    target = torch.cat((torch.full((16, 1), 2), source.flip(1), torch.full((16, 1), 3)), 1)
    optimizer = torch.optim.Adam(net.parameters(), 0.03)
    for _ in range(120):
        logits = net(source, None, target[:, :-1]).logits
        loss = F.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten())
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    found = net.search(net.decoder, net.reader(source), begin=2, end=3, banned=(0, 1, 2))
    assert torch.equal(found.tokens, target[:, 1:])


def test_dot_needs_states_of_the_size_of_keys():
    with pytest.raises(BadInput, match="of the size of a key, 8, not 4; model/attention=general takes any"):
        network(attention="dot", bidirectional=True)


def test_lengths_that_do_not_fit():
    with pytest.raises(BadInput, match="lengths from 1 to 6 must lie between 1 and 5"):
        network(reverse=True)(SOURCE, LENGTHS + torch.tensor([1, 0, 0]), TOKENS)


@pytest.mark.parametrize("attention", sorted(path.stem for path in (CONF / "model/attention").glob("*.yaml")))
def test_the_config_makes_it(attention):
    sizes = ["+data.source_vocabulary_size=6", "+data.vocabulary_size=7"]
    cfg = compose("model=sequence_to_sequence", f"model/attention={attention}", "model/search=beam", "model/cell=gru", *sizes)
    net = build(cfg, "model.network")
    assert isinstance(net, EncoderDecoder) and net.search.func is beam and net.search.keywords["width"] == 5
    assert net(SOURCE, LENGTHS, TOKENS).logits.shape == (3, 4, 7)
