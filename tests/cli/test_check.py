"""Numbers that no run can have are refused by name, before torch is imported."""

import pytest
from commands import compose, error_line, script

from ablate.cli.check import check_settings
from ablate.errors import BadInput

WRONG = [
    "seed=-1", "seed=abc", "seed=4294967296", "trainer.max_epochs=0", "trainer.max_epochs=abc", "trainer.log_every_n_steps=0",
    "trainer.check_val_every_n_epoch=0", "optimizer.lr=-1", "optimizer.lr=0", "optimizer.lr=abc", "optimizer.lr=nan",
    "optimizer.weight_decay=-1", "scheduler.warmup=2", "trainer.deterministic=maybe",
]  # fmt: skip


@pytest.mark.parametrize("word", WRONG)
def test_a_number_that_cannot_work_is_named(word):
    with pytest.raises(BadInput, match=word.split("=")[0]):
        check_settings(compose(word))


@pytest.mark.parametrize("word", ["debug=fast", "trainer.deterministic=warn", "optimizer=sgd", "scheduler=poly", "trainer=ddp"])
def test_what_works_is_left_alone(word):
    check_settings(compose(word))


@pytest.mark.slow
def test_the_command_says_so_in_one_line(tmp_path):
    assert "trainer.max_epochs=0 must" in error_line(script("train", "trainer.max_epochs=0", cwd=tmp_path))
    assert "devices=0" in error_line(script("train", "trainer.devices=0", cwd=tmp_path))  # which Lightning refuses
