"""What is known of a cluster's queue, from a `squeue` that answers as SLURM's does."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from ablate.ablation.engine.plan import PlannedRun
from ablate.ablation.engine.queue import Queue
from ablate.ablation.engine.runner import replacing
from ablate.errors import BadInput
from ablate.files import read_json, write_json
from ablate.run import slurm
from ablate.run.provenance import gpus_of, worker_environment


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """A program that prints what is written into the file `answer`."""
    program, answer = tmp_path / "bin/squeue", tmp_path / "answer"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncase \"$*\" in *--array*--user=*) cat '{answer}';; *) exit 1;; esac\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return answer


def runs(folder: Path, count: int) -> list[PlannedRun]:
    return [PlannedRun("cell", seed, [], "key", folder / f"runs/smoke/cell_seed={seed}") for seed in range(count)]


def test_jobs_are_found_again_and_told_apart(squeue, tmp_path):
    squeue.write_text("7_0 RUNNING\n7_1 PENDING\n9 PENDING\n11 CONFIGURING\n")
    planned = runs(tmp_path, 4)
    Queue(tmp_path).add(planned, ["7_0", "7_1", "7_2", "11"])
    queue = Queue(tmp_path)  # of another process
    assert queue.status(planned[0]) is None and queue.ids() == []  # nobody has asked
    queue.look()
    assert [queue.status(run) for run in planned] == ["running", "queued", None, "queued"]
    assert queue.ids() == ["7", "11"]  # 9 is of somebody else's command


def test_a_queue_that_does_not_answer_is_named(squeue, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadInput, match="squeue is not on the path"):
        slurm.queued()


@pytest.mark.parametrize("state, again", [("PREEMPTED", True), ("NODE_FAIL", True), ("CANCELLED", False), ("OUT_OF_MEMORY", False)])
def test_what_the_cluster_did_by_itself_is_submitted_again(state, again):
    lost = slurm.Lost("7_1", state)
    assert lost.by_the_cluster is again and str(lost) == f"its job 7_1 ended as {state} before the run did"


def test_workers_get_what_they_cannot_inherit(monkeypatch):
    monkeypatch.setenv("ABLATE_SWEPT", '["seed"]')
    monkeypatch.setenv("HOME", "/home/me")
    found = worker_environment(4)
    assert found["ABLATE_SWEPT"] == '["seed"]' and found["OMP_NUM_THREADS"] == "4" and "HOME" not in found
    assert [gpus_of(*each) for each in (("cpu", 2), ("gpu", 1), ("gpu", 4), ("cuda", "auto"))] == [None, 1, 4, 1]


@pytest.mark.parametrize("refused", [True, False])
def test_results_that_are_to_be_replaced_come_back_where_nothing_can_be_submitted(tmp_path, refused):
    old, new, absent = runs(tmp_path, 3)
    for run in (old, new):
        run.folder.mkdir(parents=True)
        write_json(run.folder / "run.json", {"status": "finished", "seconds": 1})
    with pytest.raises(BadInput) if refused else nullcontext(), replacing([old, new, absent]):
        assert old.status == new.status == "absent"
        new.folder.mkdir()
        old.folder.mkdir()
        write_json(new.folder / "run.json", {"status": "finished", "seconds": 2})
        write_json(old.folder / "run.json", {"status": "failed"})
        if refused:
            raise BadInput("sbatch: error: invalid partition")
    kept, replaced = (read_json(run.folder / "run.json") for run in (old, new))
    assert kept["status"] == ("finished" if refused else "failed") and replaced["seconds"] == 2
    assert {path.name for path in old.folder.parent.iterdir()} == {old.folder.name, new.folder.name}
