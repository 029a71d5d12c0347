"""A run that was killed and continued ends with the weights of the run that was never stopped."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from commands import ROOT, TINY, error_line, script, succeed, trained_run

from ablate.errors import BadInput
from ablate.run.checkpoint import AtomicCheckpointIO

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("continue")]  # one trained run for all
WORDS = [*TINY, "trainer.max_epochs=4", "trainer.deterministic=true", "augmentation=standard", "augmentation.crop=null"]


def assert_equal_weights(one: Path, other: Path) -> None:
    for name in ("last", "best"):
        a, b = (torch.load(run / f"checkpoints/{name}.ckpt", weights_only=True)["state_dict"] for run in (one, other))
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return trained_run(tmp_path_factory.mktemp("undisturbed"), *WORDS)


def stopped(cwd: Path, epoch: int, how: signal.Signals, *words: str) -> tuple[int, dict]:
    """Train until an epoch has ended and send the signal; the exit status, and what run.json says."""
    command = [sys.executable, str(ROOT / "scripts/train.py"), *WORDS, *words]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until, epochs = time.time() + 120, 0
    while epochs < epoch and process.poll() is None and time.time() < until:
        time.sleep(0.002)
        histories = [json.loads(path.read_text()) for path in cwd.glob("logs/segmentation/*/history.json")]
        epochs = max((len(history["train/loss"]) for history in histories), default=0)
    assert process.poll() is None, "it ended before it could be stopped"
    process.send_signal(how)
    status, (run,) = process.wait(), cwd.glob("logs/segmentation/*")
    return status, json.loads((run / "run.json").read_text())


def test_two_runs_of_one_seed_end_with_equal_weights(undisturbed, tmp_path):
    assert_equal_weights(undisturbed, trained_run(tmp_path, *WORDS))


def test_stopped_killed_and_continued_equals_never_stopped(undisturbed, tmp_path):
    status, state = stopped(tmp_path, 1, signal.SIGTERM)
    assert (status, state["status"]) == (143, "interrupted")
    status, state = stopped(tmp_path, 3, signal.SIGKILL, "ckpt_path=last")
    assert (status, state["status"]) == (-signal.SIGKILL, "running")
    succeed("train", *WORDS, "ckpt_path=last", cwd=tmp_path)
    (run,) = tmp_path.glob("logs/segmentation/*")
    assert_equal_weights(undisturbed, run)
    a, b = (json.loads((r / "metrics.json").read_text()) for r in (undisturbed, run))
    assert a == pytest.approx(b, nan_ok=True, abs=0)


def test_a_half_written_checkpoint_is_never_continued_from(undisturbed, tmp_path):
    target = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"n": 1}, str(target))
    child = os.fork()
    if child == 0:  # killed in the middle of the second save
        import ablate.run.checkpoint as module

        def half(checkpoint, file):
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

        module.torch.save = half
        AtomicCheckpointIO().save_checkpoint({"n": 2}, str(target))
    os.waitpid(child, 0)
    assert [path.read_bytes() for path in tmp_path.glob(".last.ckpt.*.part")] == [b"half"]
    assert torch.load(target, weights_only=True)["n"] == 1


def test_a_checkpoint_of_another_model_is_refused(undisturbed, tmp_path):
    path = undisturbed / "checkpoints/last.ckpt"
    line = error_line(script("train", *WORDS, "model.encoder.width=8", f"ckpt_path={path}", cwd=tmp_path))
    assert "model.encoder.width was 4 and is 8" in line


def test_a_finished_run_continues_into_nothing(undisturbed):
    before = (undisturbed / "checkpoints/last.ckpt").stat().st_mtime_ns
    done = script("train", *WORDS, f"hydra.run.dir={undisturbed}", "ckpt_path=last", cwd=undisturbed)
    assert done.returncode == 0 and "finished already" in done.stdout
    assert (undisturbed / "checkpoints/last.ckpt").stat().st_mtime_ns == before


def test_a_run_stopped_in_its_test_ends_with_the_same_metrics(undisturbed):
    before = (undisturbed / "metrics.json").read_text()
    (undisturbed / "metrics.json").unlink()
    state = json.loads((undisturbed / "run.json").read_text())
    (undisturbed / "run.json").write_text(json.dumps({**state, "status": "running"}))
    succeed("train", *WORDS, f"hydra.run.dir={undisturbed}", "ckpt_path=last", cwd=undisturbed)
    assert json.loads((undisturbed / "metrics.json").read_text()) == pytest.approx(json.loads(before), abs=0, nan_ok=True)


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    path = str(tmp_path / "last.ckpt")
    good, bad = ({"state_dict": {"weight": torch.tensor(value)}, "global_step": 7} for value in (1.0, math.nan))
    AtomicCheckpointIO().save_checkpoint(good, path)
    with pytest.raises(BadInput, match="weight is not finite after step 7"):
        AtomicCheckpointIO().save_checkpoint(bad, path)
    assert torch.load(path, weights_only=True)["state_dict"] == good["state_dict"]
    AtomicCheckpointIO().save_checkpoint({**bad, "may_diverge": True}, path)  # where that is what is measured
    assert torch.load(path, weights_only=True)["state_dict"]["weight"].isnan()


def test_a_loss_that_is_not_finite_stops_at_its_step_and_keeps_the_last_good_checkpoint(tmp_path):
    words = [*TINY, "optimizer=sgd", "optimizer.lr=1e30", "scheduler=constant", "model.encoder.norm=none"]
    line = error_line(script("train", *words, "trainer.max_epochs=3", cwd=tmp_path))
    assert "not finite at step" in line
    for path in tmp_path.glob("logs/*/*/checkpoints/*.ckpt"):
        assert all(v.isfinite().all() for v in torch.load(path, weights_only=True)["state_dict"].values())
    (state,) = tmp_path.glob("logs/*/*/run.json")
    assert json.loads(state.read_text())["status"] == "failed"
