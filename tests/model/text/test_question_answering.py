"""Answers about pictures and stories: padding, rows, where the network looks, configurations, and that both parts matter."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from commands import compose
from networks import ATTENTIONS, CELLS, answerer, minimise

from ablate.model.segmenter.encoder.small import SmallEncoder
from ablate.run.build import build

V, K = 7, 3
STORY = torch.randint(1, V, (3, 6), generator=torch.Generator().manual_seed(1))
QUESTION = torch.randint(1, V, (3, 4), generator=torch.Generator().manual_seed(2))
STORIES, QUESTIONS = torch.tensor([6, 1, 4]), torch.tensor([2, 4, 1])
PICTURES = torch.rand(3, 3, 8, 12, generator=torch.Generator().manual_seed(3))
every_cell = pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
every_attention = pytest.mark.parametrize("attention", ["none", "additive", "dot"])


def network(cell="gru", attention="additive", pictures=False, **options):
    torch.manual_seed(0)
    encoder = SmallEncoder(width=4, depth=2) if pictures else None  # 8 channels at the bottom
    return answerer(encoder, V, 5, partial(CELLS[cell], hidden_size=8), ATTENTIONS[attention], K, **options)


@every_attention
@every_cell
def test_padding_and_other_rows_change_nothing(cell, attention):
    net = network(cell, attention).double()
    whole = net(STORY, STORIES, QUESTION, QUESTIONS)
    blank = [
        tokens.masked_fill(torch.arange(tokens.shape[1]) >= n[:, None], 0)
        for tokens, n in ((STORY, STORIES), (QUESTION, QUESTIONS))
    ]
    assert torch.equal(net(blank[0], STORIES, blank[1], QUESTIONS).logits, whole.logits)
    for i, (s, q) in enumerate(zip(STORIES, QUESTIONS)):
        alone = net(STORY[i : i + 1, :s], None, QUESTION[i : i + 1, :q])
        assert torch.allclose(alone.logits[0], whole.logits[i], atol=1e-12)
        if attention != "none":
            assert not whole.weights[i, s:].any() and whole.weights[i].sum().item() == pytest.approx(1)


@every_attention
@every_cell
def test_pictures_too(cell, attention):
    net = network(cell, attention, pictures=True).eval()
    whole = net(PICTURES, None, QUESTION, QUESTIONS)
    alone = net(PICTURES[1:2], None, QUESTION[1:2])
    assert torch.allclose(alone.logits[0], whole.logits[1], atol=1e-5) and whole.logits.shape == (3, K)
    assert whole.weights is None if attention == "none" else whole.weights.shape == (3, 2 * 3)


@pytest.mark.parametrize("pictures", [False, True])
@every_attention
@every_cell
def test_gradients_reach_every_parameter(cell, attention, pictures):
    net = network(cell, attention, pictures, layers=2)
    net(PICTURES if pictures else STORY, None, QUESTION).logits.square().sum().backward()
    assert not [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()]


def test_one_embedding_reads_story_and_question():
    net = network()
    assert net.encoder.input.embedding.weight is net.question.input.embedding.weight


@every_attention
def test_it_learns_what_needs_both(attention):
    """The answer is the word of the story that the question names: first or second."""
    net = network(attention=attention)
    story = torch.tensor([[a, b] for a in (4, 5, 6) for b in (4, 5, 6) for _ in (0, 1)])
    question = torch.tensor([[1], [2]]).repeat(9, 1)
    answer = story.gather(1, question - 1)[:, 0] - 4
    loss = lambda: F.cross_entropy(net(story, None, question).logits, answer)  # noqa: E731
    minimise(loss, torch.optim.Adam(net.parameters(), 0.03), steps=100)
    assert (net(story, None, question).logits.argmax(1) == answer).all()


def test_the_configs_make_it():
    options = ("model/attention=additive", "+data.vocabulary_size=7")
    picture = build(compose("model=question_answering", *options), "model.network")
    assert picture(PICTURES, None, QUESTION).weights.shape == (3, 2)
    story = build(compose("model=story_question_answering", *options), "model.network")
    assert story(STORY, STORIES, QUESTION).weights.shape == (3, 6)
