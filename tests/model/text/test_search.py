"""Greedy, beam and sampled search: against re-scoring, against all texts there are, rules of what may follow, always an end."""

from functools import partial
from itertools import product

import pytest
import torch
from commands import CONF
from hydra.utils import instantiate
from networks import ATTENTIONS, CELLS
from omegaconf import OmegaConf
from refusals import refusals

from ablate.model.text.decoder import TextDecoder
from ablate.model.text.decoding.beam import Beam
from ablate.model.text.decoding.token_by_token import Greedy, Sample
from ablate.model.text.memory import Memory

N, V = 6, 9
BEGIN, END = 2, 3
BANNED = (0, 1, 2)
SEARCHES = {
    "greedy": Greedy,
    "beam": partial(Beam, width=4),
    "normalised": partial(Beam, width=4, length_power=1.0),
    "sample": partial(Sample, seed=0),
    "top": partial(Sample, seed=0, top_k=3, temperature=0.7),
    "nucleus": partial(Sample, seed=0, top_p=0.8),
}
every_cell = pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
every_attention = pytest.mark.parametrize("attention", ["none", "additive"])
every_search = pytest.mark.parametrize("search", SEARCHES)


def decoder(cell="gru", attention="additive", sharp=3.0, end=0.0, **options):
    """A decoder whose choices depend on what came before, and that ends the more willingly the larger `end`."""
    torch.manual_seed(0)
    net = TextDecoder(V, 5, partial(CELLS[cell], hidden_size=N), N, 4, ATTENTIONS[attention], **options).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(sharp)
        net.head.bias[END] += end
    return net


def memory(rows=4):
    random = torch.Generator().manual_seed(1)
    mask = torch.arange(5) < torch.tensor([5, 1, 3, 4])[:, None]
    keys, summary = (torch.randn(*shape, dtype=torch.float64, generator=random) for shape in ((rows, 5, N), (rows, 4)))
    return Memory(keys, mask[:rows], summary)


def find(search, net, m=None, **options):
    return search(**{"max_length": 8, **options})(net, memory() if m is None else m, begin=BEGIN, end=END, banned=BANNED)


def rescored(net, m, tokens):
    """Teacher-forced: Σ log p of each row up to its first END, and the weights of the attention."""
    begun = torch.cat((torch.full_like(tokens[:, :1], BEGIN), tokens[:, :-1]), 1)
    decoded = net(begun, m)
    before = (tokens == END).long().cumsum(1) - (tokens == END).long() == 0
    log_p = decoded.logits.log_softmax(-1).gather(2, tokens[..., None])[..., 0]
    return (log_p * before).sum(1), None if decoded.weights is None else decoded.weights * before[..., None]


@every_search
@every_attention
@every_cell
def test_probability_and_weights_are_those_of_teacher_forcing(cell, attention, search):
    """So states, contexts and weights went along with the texts that they belong to."""
    net = decoder(cell, attention, layers=2)
    found = find(SEARCHES[search], net, min_length=3)
    total, weights = rescored(net, memory(), found.tokens)
    assert torch.allclose(found.log_probability, total, atol=1e-10)
    assert found.weights is None if attention == "none" else torch.allclose(found.weights, weights, atol=1e-10)
    assert not torch.isin(found.tokens, torch.tensor(BANNED)).any() and found.tokens.shape[1] <= 8
    ended = (found.tokens == END).long().cumsum(1) > 0
    assert (found.tokens[ended] == END).all() and not (found.tokens[:, :3] == END).any()


@every_attention
@every_cell
def test_greedy_is_a_beam_of_one(cell, attention):
    for options in ({}, {"no_repeat": 2}, {"min_length": 4}):
        lengths = set()
        for end in (-3.0, 1.0):
            net = decoder(cell, attention, sharp=2.0, end=end)
            one, other = find(Greedy, net, **options), find(Beam, net, width=1, **options)
            assert torch.equal(one.tokens, other.tokens)
            assert torch.allclose(one.log_probability, other.log_probability, atol=1e-12)
            assert attention == "none" or torch.allclose(one.weights, other.weights, atol=1e-12)
            lengths.add(one.tokens.shape[1])
        assert max(lengths) > 1


@pytest.mark.parametrize("power", [0.0, 1.0])
@every_attention
@every_cell
def test_a_beam_finds_the_best_of_all_texts(cell, attention, power):
    """Three tokens may come, so that 9 texts are all there are after two steps."""
    net, m = decoder(cell, attention, end=1.0), memory()
    found = Beam(3, width=9, length_power=power)(net, m, BEGIN, END, (*BANNED, 6, 7, 8))
    texts = {(*text[: text.index(END)], END, END, END)[:3] if END in text else text for text in product((END, 4, 5), repeat=3)}
    scores = []
    for text in texts:
        total, _ = rescored(net, m, torch.tensor([text] * 4))
        length = text.index(END) + 1 if END in text else 3
        scores.append(total / ((5 + length) / 6) ** power)
    best, which = torch.stack(scores).max(0)
    padded = torch.cat((found.tokens, torch.full((4, 3), END)), 1)[:, :3]
    assert [tuple(row) for row in padded.tolist()] == [list(texts)[i] for i in which]
    lengths = (padded != END).sum(1) + (padded == END).any(1)
    assert torch.allclose(found.log_probability / ((5 + lengths) / 6) ** power, best, atol=1e-10)


def textbook(net, m, width, power, length):
    """The best text of one row: those that end are set aside, as many unfinished ones as before go on, to the last step."""
    followed, scores = [((), 0.0)], {}
    for t in range(1, length + 1):
        begun = torch.tensor([(BEGIN, *text) for text, _ in followed])
        log_p = net(begun, m.repeat(len(begun))).logits[:, -1].log_softmax(-1).tolist()
        texts = [((*text, k), total + row[k]) for (text, total), row in zip(followed, log_p) for k in range(V) if k not in BANNED]
        texts.sort(key=lambda each: -each[1])
        followed = [each for each in texts if each[0][-1] != END][:width]
        over = followed if t == length else []
        scores |= {text: total / ((5 + t) / 6) ** power for text, total in (*(e for e in texts[:width] if e[0][-1] == END), *over)}
    return max(scores, key=scores.get)


@pytest.mark.parametrize("power", [0.0, 0.6, 3.0])
@pytest.mark.parametrize("width", [2, 4])
def test_texts_that_have_ended_take_no_place(width, power):
    for sharp, end in ((3.0, 3.0), (4.0, 1.0), (4.0, 2.0)):  # where ended texts that kept places lost better ones
        net, whole = decoder("lstm", sharp=sharp, end=end), memory()
        found = find(Beam, net, width=width, length_power=power, max_length=6).tokens.tolist()
        for i, row in enumerate(found):
            m = Memory(*(each[i : i + 1] for each in whole[:3]))
            text = textbook(net, m, width, power, 6)
            assert (*text, END)[: len(row)] == (*row[: len(text)], END)[: len(row)] and set(row[len(text) :]) <= {END}


@every_search
def test_rows_are_independent_and_padding_changes_nothing(search):
    if SEARCHES[search] is Greedy or SEARCHES[search].func is Beam:
        net, whole = decoder(), memory()
        found = find(SEARCHES[search], net)
        for i, length in enumerate((5, 1, 3, 4)):
            own = Memory(whole.keys[i : i + 1, :length], whole.mask[i : i + 1, :length], whole.summary[i : i + 1])
            alone = find(SEARCHES[search], net, own)
            steps = alone.tokens.shape[1]
            assert torch.equal(alone.tokens[0], found.tokens[i, :steps]) and (found.tokens[i, steps:] == END).all()
            assert torch.allclose(alone.log_probability[0], found.log_probability[i], atol=1e-12)
            assert torch.allclose(alone.weights[0], found.weights[i, :steps, :length], atol=1e-12)
    again = [find(SEARCHES[search], decoder()).tokens for _ in range(2)]
    assert torch.equal(*again)


@pytest.mark.parametrize("n", [1, 2, 3])
@every_search
def test_no_run_comes_twice(search, n):
    net = decoder(sharp=1.0, end=-50.0)
    found = find(SEARCHES[search], net, no_repeat=n, max_length=20)
    for row in found.tokens.tolist():
        text = row[: row.index(END)] if END in row else row
        runs = [tuple(text[i : i + n]) for i in range(len(text) - n + 1)]
        assert len(runs) == len(set(runs)) and len(text) >= n
        assert n > 1 or len(text) == V - 4  # all five tokens, and then nothing is left but the end
    free = find(Greedy, net, max_length=20).tokens
    assert any(len({tuple(row[i : i + n]) for i in range(21 - n)}) < 21 - n for row in free.tolist())


@every_search
def test_a_text_that_never_ends_is_cut_and_a_hasty_one_waits(search):
    endless = find(SEARCHES[search], decoder(end=-1e6))
    assert endless.tokens.shape == (4, 8) and not (endless.tokens == END).any() and endless.log_probability.isfinite().all()
    hasty = decoder(end=1e3)
    assert (find(SEARCHES[search], hasty).tokens == END).all()
    late = find(SEARCHES[search], hasty, min_length=5)
    assert late.tokens.shape[1] == 6 and (late.tokens[:, 5] == END).all() and not (late.tokens[:, :5] == END).any()


@every_search
def test_where_nothing_may_follow_the_text_ends(search):
    found = SEARCHES[search](max_length=8, min_length=4, no_repeat=1)(decoder(), memory(), BEGIN, END, (*BANNED, 4, 5, 6, 7))
    assert (found.tokens[:, 0] == 8).all() and (found.tokens[:, 1:] == END).all() and found.log_probability.isfinite().all()


def test_a_beam_counts_the_same_text_once():
    """From one text at the beginning, not from `width` equal ones: else a beam would be greedy."""
    net = decoder("lstm", sharp=2.0)
    seen, step = [], net.step
    net.step = lambda token, state, m: seen.append(token) or step(token, state, m)
    find(Beam, net, width=4)
    assert all(len(set(row)) == 4 for row in seen[1].unflatten(0, (4, 4)).tolist())


def test_length_normalisation_is_wus():
    """A step costs log 2: whether one word more is worth it depends on the power alone."""
    net = decoder()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.head.bias[:] = -1e3
        net.head.bias[END], net.head.bias[4] = 0.0, 0.0  # each with probability one half
    short, long = (find(Beam, net, width=2, length_power=power, max_length=3) for power in (0.5, 8.0))
    assert (short.tokens[:, 0] == END).all() and (long.tokens == 4)[:, :2].all()
    assert torch.allclose(short.log_probability, torch.tensor(0.5).double().log()) and torch.allclose(
        long.log_probability, 3 * torch.tensor(0.5).double().log()
    )


def test_drawn_tokens_come_as_often_as_the_network_says():
    net = decoder(sharp=2.0)
    m = memory(1).repeat(4000)
    tokens = find(partial(Sample, seed=0), net, m, max_length=1).tokens[:, 0]
    expected = net.step(torch.tensor([BEGIN]), net.start(memory(1)), memory(1))[0][0].clone()
    expected[list(BANNED)] = -torch.inf
    assert torch.allclose(tokens.bincount(minlength=V) / 4000, expected.softmax(0).float(), atol=0.03)
    likeliest = find(partial(Sample, seed=0, top_k=1), net)
    assert torch.equal(likeliest.tokens, find(Greedy, net).tokens)
    assert not torch.equal(find(Sample, net).tokens, find(Sample, net).tokens)


@pytest.mark.parametrize("path", sorted((CONF / "model/search").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_makes_its_search(path):
    found = instantiate(OmegaConf.load(path))(decoder(), memory(), begin=BEGIN, end=END, banned=BANNED)
    assert len(found.tokens) == 4 and found.tokens.shape[1] <= 50


@every_search
def test_half_precision_is_added_up_in_single(search):
    net = decoder().to(torch.bfloat16)
    half = Memory(*(each.bfloat16() if each.is_floating_point() else each for each in memory()[:3]))
    assert find(SEARCHES[search], net, half).log_probability.dtype == torch.float32


def test_no_gradient_is_kept():
    assert not any(each.requires_grad for each in find(Beam, decoder()) + find(Greedy, decoder()))


test_bad_input_is_one_line = refusals(
    (
        lambda: find(Beam, decoder(), width=V + 1),
        f"width={V + 1} is wider than the vocabulary; the widest beam that works is {V}",
    ),
    (lambda: find(Beam, decoder(), width=0), "width=0"),
    (lambda: find(Beam, decoder(), length_power=-1.0), "length_power=-1.0"),
    (lambda: find(Greedy, decoder(), max_length=0), "max_length=0 must be a whole number of at least 1"),
    (lambda: find(Beam, decoder(), max_length=0), "max_length=0"),
    (lambda: find(Sample, decoder(), max_length=0), "max_length=0"),
    (lambda: find(Greedy, decoder(), min_length=8), "min_length=8 must be below max_length=8"),
    (lambda: find(Greedy, decoder(), min_length=-1), "min_length=-1"),
    (lambda: find(Greedy, decoder(), no_repeat=0), "no_repeat=0"),
    (lambda: find(Sample, decoder(), temperature=0.0), "temperature=0.0"),
    (lambda: find(Sample, decoder(), top_p=1.5), "top_p=1.5"),
)
