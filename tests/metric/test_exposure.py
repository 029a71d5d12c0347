"""Accuracies of tokens, forced and free-running, against counts by hand in lists."""

import math

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from ablate.data.batch import IGNORE
from ablate.data.text.tokeniser import END, PAD
from ablate.metric.language import ExposureScores

A, B, C = 4, 5, 6
TEXTS = [  # right tokens with their end; what was said after each right one; what was written alone
    ([A, B, C, END], [A, C, C, END], [A, B, C, END]),
    ([A, B, END], [A, B, END], [A, END, END, END]),  # ends early; only its first token is right
    ([B, END], [C, END], [B, B, B, B]),  # cut without an end
    ([A, A, A, END], [B, A, A, A], [A, END, A, END]),  # right again behind its end, which does not count
    ([END], [A], [END]),  # an empty text
]


def padded(rows, value):
    return pad_sequence([torch.tensor(row) for row in rows], True, value)


def batch(texts, longest=None):
    right, forced, free = zip(*texts)
    return padded(forced, A), padded(right, IGNORE), padded(free, END)[:, :longest]


def by_hand(texts, longest=99):
    """Tokens, those right when forced, those right in what was written, up to its first end."""
    count, forced_hits, free_hits = 0, 0, 0
    for right, forced, free in texts:
        free = free[:longest]
        free = free[: free.index(END) + 1] if END in free else free
        for t, token in enumerate(right):
            count += 1
            forced_hits += forced[t] == token
            free_hits += t < len(free) and free[t] == token
    return count, forced_hits, free_hits


def scores(metric):
    return {name: float(value) for name, value in metric.compute().items()}


def of(texts, **options):
    metric = ExposureScores(IGNORE, END, **options)
    metric.update(*batch(texts))
    return scores(metric)


@pytest.mark.parametrize("texts", [TEXTS, *([text] for text in TEXTS)])
def test_all_texts_and_each_alone(texts):
    assert by_hand(TEXTS) == (14, 3 + 3 + 1 + 2 + 0, 4 + 1 + 1 + 1 + 1)
    count, forced, free = by_hand(texts)
    expected = {"forced_accuracy": forced / count, "token_accuracy": free / count, "exposure_gap": (forced - free) / count}
    expected["exposure_loss"] = (forced - free) / forced if forced else math.nan
    assert of(texts) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("longest", [1, 2, 3, 4])
def test_what_is_written_may_be_of_another_length(longest):
    metric = ExposureScores(IGNORE, END)
    metric.update(*batch(TEXTS, longest))
    count, _, free = by_hand(TEXTS, longest)
    assert scores(metric)["token_accuracy"] == pytest.approx(free / count)
    longer = ExposureScores(IGNORE, END)
    forced, target, said = batch(TEXTS)
    longer.update(forced, target, torch.cat((said, torch.full((5, 3), B)), 1))
    assert scores(longer)["token_accuracy"] == pytest.approx(by_hand([(r, f, w + [B]) for r, f, w in TEXTS])[2] / count)


def test_padding_is_never_right():
    """Neither the index that is ignored nor the number of padding."""
    right = [A, END]
    filled = torch.tensor([[A, END, IGNORE, PAD]])
    metric = ExposureScores(IGNORE, END)
    metric.update(filled, torch.tensor([right + [IGNORE, IGNORE]]), filled)
    assert scores(metric) == {"forced_accuracy": 1.0, "token_accuracy": 1.0, "exposure_gap": 0.0, "exposure_loss": 0.0}


def test_at_lengths_without_the_end():
    found = of(TEXTS, at_lengths=[0, 1, 2, 3, 7])
    for length in (0, 1, 2, 3):
        count, _, free = by_hand([text for text in TEXTS if len(text[0]) == length + 1])
        assert found[f"token_accuracy/{length}"] == pytest.approx(free / count)
    assert math.isnan(found["token_accuracy/7"]) and found["token_accuracy"] == pytest.approx(8 / 14)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_forced_alone():
    metric = ExposureScores(IGNORE, END, free_running=False)
    assert list(scores(metric)) == ["forced_accuracy"] and metric.compute()["forced_accuracy"].isnan()
    metric.update(*batch(TEXTS)[:2])
    assert scores(metric) == pytest.approx({"forced_accuracy": 9 / 14})


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_of_nothing_all_is_nan():
    metric = ExposureScores(IGNORE, END, at_lengths=[2])
    names = ["forced_accuracy", "token_accuracy", "exposure_gap", "exposure_loss", "token_accuracy/2"]
    assert list(metric.compute()) == names and all(value.isnan() for value in metric.compute().values())
    none = torch.full((2, 3), IGNORE)
    metric.update(none, none, none)
    assert all(value.isnan() for value in metric.compute().values())
