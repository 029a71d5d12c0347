"""The benchmarks of recurrence and of captioning run, in small."""

import pytest
import torch

from ablate.command.benchmark import captioning, recurrent
from ablate.errors import BadInput


def test_every_table_is_shown(monkeypatch, capsys):
    for name, value in {"BATCH": 256, "STEPS": 2, "SIZE": 2, "REPEATS": 1, "LENGTHS": (2, 4)}.items():
        monkeypatch.setattr(recurrent, name, value)
    recurrent.run([])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("elman", "gru", "lstm", "our loop", "4 steps", "padding and buckets"))


@pytest.mark.slow
def test_captioning_is_timed_in_training_and_in_search(monkeypatch, capsys):
    small = {"BATCH": 2, "LENGTH": 3, "SIZE": 16, "REPEATS": 1, "VOCABULARIES": (12,), "BATCHES": (1, 3), "LENGTHS": (2,)}
    for name, value in small.items():
        monkeypatch.setattr(captioning, name, value)
    captioning.run(["model.encoder.width=4", "model.encoder.depth=2"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("no attention, a quarter its own", "beam of 5", "12 words", "2 tokens"))
    task = captioning.captioner(12, [*captioning.SEARCHES["beam of 5"], *captioning.fixed(3)], torch.device("cpu"))
    assert captioning.find(task, 2)().tokens.shape == (2, 3)


def test_overrides_are_refused():
    with pytest.raises(BadInput, match="takes no overrides, such as seed=1"):
        recurrent.run(["seed=1"])
    with pytest.raises(BadInput, match="the key 'model.gatd' is unknown"):
        captioning.run(["model.gatd=true"])
