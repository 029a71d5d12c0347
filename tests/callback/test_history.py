"""history.json holds each value once, at the step where it was measured."""

import json

import pytest
from commands import TINY, succeed

pytestmark = pytest.mark.slow


def test_validation_is_kept_where_it_happened(tmp_path):
    succeed("train", *TINY, "trainer.max_epochs=5", "trainer.check_val_every_n_epoch=2", cwd=tmp_path)
    curves = json.loads(next(tmp_path.glob("logs/*/*/history.json")).read_text())
    assert [step for step, _ in curves["train/loss"]] == [3, 6, 9, 12, 15]
    assert [step for step, _ in curves["val/miou"]] == [step for step, _ in curves["val/loss"]] == [6, 12]
