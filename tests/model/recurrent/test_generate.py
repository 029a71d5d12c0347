"""Text from a language model: what may be drawn, by hand; the same text from the same seed; one step after the other."""

from functools import partial

import pytest
import torch
from refusals import refusals

from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.generate import generate, restrict
from ablate.model.recurrent.models import SequenceTagger

CHANCES = torch.tensor([[0.1, 0.4, 0.2, 0.3]])
LOGITS = CHANCES.log() + 7


def model(tokens=12):
    torch.manual_seed(0)
    return SequenceTagger(tokens, None, 8, partial(LSTM, hidden_size=8), tokens).eval()


def draw(seed=0, steps=20, rows=3, **options):
    return generate(model(), torch.full((rows, 2), 5), steps, torch.Generator().manual_seed(seed), **options)


def test_all_tokens_are_kept_by_a_share_of_one_and_two_of_six_equal_ones():
    logits = torch.randn(1, 50_000, generator=torch.Generator().manual_seed(0)) * 5
    assert restrict(logits, top_p=1.0).isfinite().all()
    assert restrict(torch.zeros(2, 6), top_k=2).exp().tolist() == [[pytest.approx(0.5)] * 2 + [0.0] * 4] * 2


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, [0.1, 0.4, 0.2, 0.3]),
        ({"temperature": 0.5}, [1 / 30, 16 / 30, 4 / 30, 9 / 30]),
        ({"temperature": 1e-30}, [0, 1, 0, 0]),
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_k": 99}, [0.1, 0.4, 0.2, 0.3]),
        ({"top_p": 1e-9}, [0, 1, 0, 0]),
        ({"top_p": 0.65}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_p": 0.75}, [0, 4 / 9, 2 / 9, 3 / 9]),
        ({"top_p": 1.0}, [0.1, 0.4, 0.2, 0.3]),
        ({"top_k": 3, "top_p": 0.7}, [0, 4 / 7, 0, 3 / 7]),  # of 4/9, 3/9, 2/9
        ({"temperature": 0.5, "top_k": 2}, [0, 16 / 25, 0, 9 / 25]),
    ],
)
def test_what_may_be_drawn(options, expected):
    assert torch.allclose(restrict(LOGITS, **options).exp(), torch.tensor([expected], dtype=torch.float), atol=1e-6)


def test_the_likeliest_alone_is_greedy():
    text, net = draw(top_k=1), model()
    whole, _ = net(torch.cat((torch.full((3, 2), 5), text), 1))
    assert torch.equal(whole.argmax(-1)[:, 1:-1], text)  # stepwise is what one pass over the whole says
    assert torch.equal(text, draw(seed=1, top_k=1)) and torch.equal(text, draw(temperature=1e-6))


def test_the_same_seed_writes_the_same_and_draws_are_as_likely_as_they_should_be():
    assert torch.equal(draw(), draw()) and not torch.equal(draw(), draw(seed=1))
    drawn = draw(steps=1, rows=20_000)[:, 0].bincount(minlength=12) / 20_000
    expected = model()(torch.full((1, 2), 5))[0][0, -1].softmax(-1)
    assert torch.allclose(drawn, expected, atol=0.02)


def test_nothing_follows_the_end_and_what_is_banned_is_never_drawn():
    text = draw(steps=60, rows=50, end=3, banned=(0, 1, 2))
    over = (text == 3).cumsum(1) > 0
    assert (text[over] == 3).all() and over.any() and not over.all()
    assert text.min() == 3
    assert text.shape == (50, 60) and draw(steps=1, rows=1).shape == (1, 1)


test_bad_values_are_one_line = refusals(
    (lambda: draw(temperature=0.0), "temperature=0.0 must be a number between 1e-30 and 1e"),
    (lambda: draw(temperature=float("nan")), "temperature=nan"),
    (lambda: draw(top_k=0), "top_k=0"),
    (lambda: draw(top_p=0.0), "top_p=0.0"),
    (lambda: draw(top_p=1.5), "top_p=1.5"),
    (lambda: draw(steps=0), "steps=0"),
    (lambda: generate(model(), torch.zeros(1, 0, dtype=torch.long), 1, torch.Generator()), "an empty prefix"),
)
