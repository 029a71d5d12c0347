"""The benchmark of recurrence runs, in small."""

import pytest

from ablate.benchmark import recurrent
from ablate.errors import BadInput


def test_every_table_is_shown(monkeypatch, capsys):
    for name, value in {"BATCH": 256, "STEPS": 2, "SIZE": 2, "REPEATS": 1, "LENGTHS": (2, 4)}.items():
        monkeypatch.setattr(recurrent, name, value)
    recurrent.run([])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("elman", "gru", "lstm", "our loop", "4 steps", "padding and buckets"))


def test_overrides_are_refused():
    with pytest.raises(BadInput, match="takes no overrides, such as seed=1"):
        recurrent.run(["seed=1"])
