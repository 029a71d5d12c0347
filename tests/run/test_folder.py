"""The folder of a run: whose it is, how the runs of a sweep are named, and what is refused before it is touched."""

import errno
import fcntl
import json
import math
import os
import re
import threading
from itertools import product
from pathlib import Path

import pytest
import torch
from commands import TINY, compose, composed
from refusals import refusals
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch._utils import ExceptionWrapper

from ablate.errors import BadInput, user_line
from ablate.files import replacing, write_json
from ablate.run import folder as run_folder
from ablate.run.checkpoint import AtomicCheckpointIO
from ablate.run.logger import TensorBoard
from ablate.run.sweep import Sweep, print_ranking
from ablate.run.train import make_trainer, metric_tags, train

PARTS = {"config": {"data": {}, "model": {}, "task": {}}, "state_dict": {}}


def state(folder: Path, **facts: object) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / run_folder.STATE, facts)
    return facts


def test_a_folder_in_which_another_process_trains_is_refused_by_its_number(tmp_path):
    before = state(tmp_path, status="running")
    with (tmp_path / run_folder.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(os.getpid()))
        lock.flush()
        for word in ("ckpt_path=last", "ckpt_path=null"):
            with pytest.raises(BadInput, match=f"in use by process {os.getpid()}"):
                train(composed("train", tmp_path, *TINY, word))
    assert run_folder.read_state(tmp_path) == before and not run_folder.is_ours(tmp_path)


def test_a_process_takes_a_folder_twice_and_leaves_it_free(tmp_path):
    with pytest.raises(KeyError), run_folder.taken(tmp_path), run_folder.lock(tmp_path):
        raise KeyError
    with (tmp_path / run_folder.LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_parts_of_a_killed_process_are_removed_and_an_own_run_may_fail(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    part = tmp_path / "checkpoints/.last.ckpt.7.part"
    part.touch()
    assert run_folder.start(tmp_path, composed("train", tmp_path), ["seed=1"], resume=False)
    assert not part.exists() and run_folder.is_ours(tmp_path)


@pytest.mark.parametrize("status", ["running", "finished"])
def test_a_run_of_another_config_is_named_whether_it_ended_or_not(status, tmp_path):
    run = tmp_path / "run"
    run_folder.start(run, composed("train", run, "trainer.max_epochs=2"), [], resume=False)
    run_folder.update(run, status=status)
    with pytest.raises(BadInput, match=r"max_epochs was 2 and is 4; .* ckpt_path=\S+/last.ckpt"):
        run_folder.start(run, composed("train", run, "trainer.max_epochs=4"), [], resume=True)
    moved = run.rename(tmp_path / "moved")
    same = composed("train", moved, "trainer.max_epochs=2")
    assert run_folder.start(moved, same, [], resume=True) is (status == "running")


def test_last_is_the_interrupted_run_of_the_same_words_or_the_ended_one(tmp_path):
    def last(*words: str) -> str:
        return Path(run_folder.run_dir(str(tmp_path), 7, words, "last")).name

    state(tmp_path / "7/b", status="finished", overrides=["seed=1"])
    assert last("seed=1", "ckpt_path=last") == "b"
    state(tmp_path / "7/a", status="failed", overrides=["seed=1"])
    assert last("seed=1") == "a"
    with pytest.raises(BadInput, match=r"no run with the overrides \['seed=2'\] .*nearest there has \['seed=1'\]"):
        last("seed=2")


LONG = ["x" * 150 + end for end in "ab"]


@pytest.mark.parametrize("values", [["/a/b", "/a-b", "'/a b'"], LONG, ["ü" * 150 + end for end in "ab"]])
def test_runs_of_a_sweep_have_folders_of_their_own(values, monkeypatch):
    monkeypatch.setenv(run_folder.SWEPT_KEYS, json.dumps(["data.root", "seed"]))
    names = [run_folder.swept_name([f"data.root={value}", "name=x", f"seed={seed}"]) for value, seed in product(values, (0, 1))]
    assert len({*names}) == 2 * len(values)
    assert all(name.startswith("root=") and len(name.encode()) < 200 and "/" not in name for name in names)


def test_a_short_name_of_a_sweep_is_what_was_swept(monkeypatch):
    monkeypatch.setenv(run_folder.SWEPT_KEYS, json.dumps(["model/decoder", "data.root"]))
    assert run_folder.swept_name(["seed=3", "model/decoder=nearest", "data.root=2012"]) == "decoder=nearest,root=2012"


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_one_line_and_leaves_no_part(tmp_path, monkeypatch):
    target = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({**PARTS, "n": 1}, str(target))
    monkeypatch.setattr("ablate.run.checkpoint.torch.save", lambda _, file: (file.write(b"half"), full()))
    with pytest.raises(OSError) as raised:
        AtomicCheckpointIO().save_checkpoint({**PARTS, "n": 2}, str(target))
    assert "disk is full" in user_line(raised.value) and list(tmp_path.iterdir()) == [target]
    assert torch.load(target, weights_only=True)["n"] == 1


def test_the_words_of_torch_for_a_full_disk_are_understood():
    with pytest.raises((RuntimeError, OSError)) as raised, open("/dev/full", "wb", buffering=0) as file:
        torch.save({"weight": torch.zeros(100_000)}, file)
    assert "disk is full" in user_line(raised.value)


@pytest.mark.parametrize(
    "error, amount",
    [
        (MemoryError(), ""),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes. Error code 12"),
            " for 4 bytes",
        ),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0"), " for 2.00 GiB"),
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "), ""),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ""),
    ],
)
def test_too_little_memory_is_one_line(error, amount):
    assert user_line(error) == f"there is not enough memory{amount}: make data.batch_size, the pictures or the network smaller"
    mistake = RuntimeError("a mistake in the code")
    mistake.__cause__ = mistake  # as Hydra leaves an error of a sweep
    assert user_line(mistake) is None


def test_what_a_process_that_loads_refuses_is_said_without_its_traceback():
    def fail():
        raise BadInput("`a.jpg` is damaged")

    with pytest.raises(BadInput) as first:
        fail()
    with pytest.raises(BadInput) as raised:
        ExceptionWrapper((BadInput, first.value, first.tb), "in DataLoader worker process 0").reraise()
    assert user_line(raised.value) == "a.jpg is damaged"


def test_a_kill_while_writing_leaves_the_old_file(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a") as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_the_writer_of_tensorboard_says_a_full_disk_where_it_is_used(tmp_path, monkeypatch, capsys):
    logger = TensorBoard(str(tmp_path))
    writer = logger.experiment.file_writer.event_writer._async_writer._worker
    monkeypatch.setattr(writer._record_writer, "write", full)
    with pytest.raises(OSError) as raised:
        logger.log_metrics({"loss": 1.0}, step=1)
        logger.save()
    writer.join()
    assert "disk is full" in user_line(raised.value) and not capsys.readouterr().err
    other = threading.Thread(target=full)
    other.start()
    other.join()
    assert "No space left" in capsys.readouterr().err


def refused(tmp_path: Path, word: str) -> None:
    make_trainer(composed("train", tmp_path, word))


test_more_processes_than_cores_are_refused = refusals(
    ("trainer.devices=99", "trainer.devices=99 must be at most"), of=refused, fixtures=["tmp_path"]
)


test_a_metric_that_no_task_has_is_refused = refusals(
    (["callbacks.best.monitor=val/miuo"], "callbacks.best.monitor='val/miuo' is no metric of this task; did you mean 'val/miou'"),
    (["probe=solved", "probe.solved.metric=val/los"], "probe.solved.metric='val/los' is no metric .* did you mean 'val/loss'"),
    of=lambda words: metric_tags(compose(*words)),
)


@pytest.mark.slow
def test_without_validation_the_last_network_is_kept_and_each_epoch_is_on_the_disk_before_it(tmp_path, monkeypatch, capsys):
    seen, save = [], AtomicCheckpointIO.save_checkpoint

    def spy(self, checkpoint: dict, path: str, storage_options: object = None) -> None:
        seen.append([point.step for point in EventAccumulator(str(tmp_path)).Reload().Scalars("train/loss")])
        save(self, checkpoint, path)

    monkeypatch.setattr(AtomicCheckpointIO, "save_checkpoint", spy)
    assert math.isnan(train(composed("train", tmp_path, *TINY, "trainer.limit_val_batches=0")))
    assert seen == [[3], [3, 6]]
    said = capsys.readouterr()
    assert "nothing was validated" in said.out and "monitored key" not in said.err
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["last.ckpt"]
    with pytest.raises(BadInput, match="trainer.max_epochs=2 leaves nothing to train: .* has had 2 epochs"):
        train(composed("train", tmp_path / "more", *TINY, f"ckpt_path={tmp_path}/checkpoints/last.ckpt"))
    with pytest.raises(BadInput, match=r"limit_val_batches=0.3 of 1 batches is none"):
        train(composed("train", tmp_path / "share", *TINY, "trainer.limit_val_batches=0.3"))


@pytest.mark.parametrize("mode", ["max", "min"])
def test_a_sweep_ends_with_its_runs_the_best_first(mode, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(run_folder.SWEPT_KEYS, json.dumps(["optimizer.lr", "seed"]))
    monkeypatch.setattr(Sweep, "folder", tmp_path)
    for lr, status in (("1", "finished"), ("2", "finished"), ("9", "failed")):
        score = {"metric": "val/loss", "mode": mode, "best": float(lr)}
        words = ["experiment=copy", f"optimizer.lr={lr}", "seed=0"]
        state(tmp_path / lr, status=status, started=1.0, overrides=words, score=score)
    print_ranking(tmp_path)
    printed = capsys.readouterr().out
    assert re.findall(r"│ (\d) ", printed) == [*sorted("12", reverse=mode == "max")]
    assert f"--by optimizer.lr --metric val/loss --better {mode}imise" in printed
