"""What `train` returns to a Hydra sweeper."""

import pytest
from commands import composed

from ablate.run.train import train


@pytest.mark.slow
def test_a_best_score_of_zero_is_zero(tmp_path):
    """None of the texts of a network that is hardly trained is right."""
    words = ["data=dates", "model=sequence_to_sequence", "task=translation", "debug=fast", "logger=none", "~callbacks.translations"]
    small = ["model.embedding_size=4", "model.cell.hidden_size=4", "model.search.max_length=3"]
    assert train(composed("train", tmp_path / "run", *words, *small, "callbacks.best.monitor=val/exact_match")) == 0.0
