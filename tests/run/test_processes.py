"""Several processes a run: one folder, the first process's; the scores of one process; an end within seconds."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings

import pytest
import shares
import torch
from commands import ROOT, TINY, compose, composed
from lightning.fabric.plugins.environments.lightning import find_free_network_port

from ablate.data.datamodule import DataModule
from ablate.data.sampler import BPTTBatchSampler
from ablate.errors import BadInput
from ablate.files import write_json
from ablate.run import folder as run_folder
from ablate.run import processes, rank
from ablate.run.build import build
from ablate.run.train import make_trainer

WORDS = [*TINY, "trainer=ddp_cpu", "trainer.max_epochs=12", "callbacks.panel.pictures=0"]


@pytest.mark.slow
def test_a_run_of_two_processes_that_is_stopped_goes_on_in_its_folder_and_each_line_comes_once(tmp_path):
    command = [sys.executable, str(ROOT / "scripts/train.py"), *WORDS]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=said)
    until = time.time() + 120
    while time.time() < until and process.poll() is None and not [*tmp_path.glob("logs/*/*/checkpoints/last.ckpt")]:
        time.sleep(0.01)
    asked = time.time()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143 and time.time() - asked < 10
    (run,) = tmp_path.glob("logs/segmentation/*")
    *epochs, last = (tmp_path / "said").read_text().splitlines()
    assert last == f"stopped; the same command with ckpt_path=last continues {run}"
    assert all(line.startswith(f"epoch {number}/12  ") for number, line in enumerate(epochs, 1))
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"

    done = subprocess.run([*command, "ckpt_path=last"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert [*tmp_path.glob("logs/segmentation/*")] == [run]
    first = len(json.loads((run / "history.json").read_text())["train/loss"]) - len(done.stderr.splitlines()) + 1
    assert [line.split()[1] for line in done.stderr.splitlines()] == [f"{number}/12" for number in range(first, 13)] and first > 1
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


@pytest.mark.slow
def test_two_processes_with_uneven_shares_have_the_scores_of_one_in_every_task():
    context = multiprocessing.get_context("spawn")
    (ours, theirs), (mine, others) = context.Pipe(duplex=False), context.Pipe(duplex=False)
    port = find_free_network_port()
    process = context.Process(target=shares.share, args=(1, port, theirs))
    process.start()
    before = dict(os.environ)
    alone = {experiment: shares.scores(experiment, 1) for experiment in shares.EXPERIMENTS}
    try:
        shares.share(0, port, others)
        together, other = mine.recv(), ours.recv()
    finally:
        os.environ.clear()
        os.environ.update(before)
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        process.kill()
    for experiment, scores in alone.items():
        assert scores == pytest.approx(together[experiment], rel=1e-6, nan_ok=True), experiment
        assert other[experiment] == pytest.approx(together[experiment], rel=0, abs=0, nan_ok=True), experiment


def test_who_is_first(monkeypatch):
    assert rank.is_first()
    for first, variables in (
        (True, {"LOCAL_RANK": "0", "NODE_RANK": "0"}),
        (False, {"LOCAL_RANK": "1"}),
        (False, {"NODE_RANK": "1"}),
        (True, {"SLURM_PROCID": "1"}),  # without tasks in this step, this is no process of several
        (True, {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2"}),
        (False, {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}),
        (False, {"TORCHELASTIC_RUN_ID": "none", "RANK": "3", "LOCAL_RANK": "0"}),
    ):
        with monkeypatch.context() as patch:
            for key, value in variables.items():
                patch.setenv(key, value)
            assert rank.is_first() is first, variables


def test_processes_that_srun_has_started_agree_on_a_folder_and_so_does_a_job_that_is_started_again(monkeypatch, tmp_path):
    for key, value in {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"}.items():
        monkeypatch.setenv(key, value)
    first = run_folder.run_dir(str(tmp_path), "name", ["seed=1"], None)
    assert run_folder.run_dir(str(tmp_path), "name", ["seed=2"], None) != first
    monkeypatch.setenv("SLURM_PROCID", "1")
    assert run_folder.run_dir(str(tmp_path), "name", ["seed=1"], None) == first
    monkeypatch.setattr(rank, "PATIENCE", 0.0)
    with pytest.raises(BadInput, match="has chosen no folder"):
        run_folder.run_dir(str(tmp_path), "name", ["seed=3"], None)

    monkeypatch.setattr(rank, "_chosen", {})  # another process
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert run_folder.run_dir(str(tmp_path), "name", ["seed=1"], None) == first


@pytest.mark.parametrize("variables, words, line", [
    ({"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}, [],
     "trainer.devices=1 trainer.num_nodes=1, but srun has started 2 processes on 1 machines"),
    ({}, ["trainer.num_nodes=2"], "trainer.num_nodes=2: start the command on every machine, with srun or torchrun"),
    ({}, ["trainer.devices=999"], "trainer.devices=999 must be at most"),
    ({}, ["trainer.strategy=ddp_spawn"], "trainer.strategy must be ddp"),
])  # fmt: skip
def test_sizes_that_do_not_fit_are_named(monkeypatch, tmp_path, variables, words, line):
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(BadInput, match=line):
        make_trainer(composed("train", tmp_path, "trainer=ddp_cpu", "trainer.devices=1", *words))


def test_a_split_that_processes_cannot_share_is_named():
    data = build(compose(*TINY), "datamodule", DataModule)
    data.check_shares(8)
    with pytest.raises(BadInput, match="9 processes cannot share the 8 samples of the val split"):
        data.check_shares(9)


@pytest.mark.parametrize("pieces, size, processes", [(29, 8, 3), (16, 4, 2), (7, 2, 2)])
def test_processes_share_the_stretches_of_one(pieces, size, processes):
    alone = BPTTBatchSampler(pieces, size)
    parts = [BPTTBatchSampler(pieces, size, processes, process) for process in range(processes)]
    assert [row for part in parts for row in part.rows] == alone.rows and all(len(part) for part in parts)


def test_where_srun_is_installed_nothing_is_said_of_it(monkeypatch, tmp_path):
    program = tmp_path / "srun"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with warnings.catch_warnings(action="error"):
        make_trainer(composed("train", tmp_path, "trainer=cpu"))


def test_tasks_of_a_job_that_srun_has_not_started_are_mentioned(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SLURM_NTASKS", "2")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    make_trainer(composed("train", tmp_path, "trainer=ddp_cpu", "trainer.devices=2"))
    assert capsys.readouterr().out.startswith("note: this job has 2 tasks, but srun has not started them: this process starts")


def test_other_processes_wait_for_the_first_and_end_with_it(monkeypatch, tmp_path):
    for key, value in {"SLURM_JOB_ID": "7", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(rank, "PATIENCE", 0.0)
    state = {"job": "7", "restarts": 0}
    for others in ({}, {**state, "status": "interrupted"}, {**state, "status": "running", "job": "6"}):
        write_json(tmp_path / "run.json", others)
        with pytest.raises(BadInput, match="has not begun in"):
            processes.wait_until_taken(tmp_path)
    for status, goes_on in (("running", True), ("finished", False)):
        write_json(tmp_path / "run.json", {**state, "status": status})
        assert processes.wait_until_taken(tmp_path) is goes_on
    write_json(tmp_path / "run.json", {**state, "status": "failed"})
    with pytest.raises(SystemExit):
        processes.wait_until_taken(tmp_path)
