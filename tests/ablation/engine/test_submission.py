"""A machine that only submits jobs needs no torch, and a metric that a run will not have is named before the run begins."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from commands import ROOT

from ablate.ablation.engine.cores import on_all_cores

NO_SUBMITIT = find_spec("hydra_plugins.hydra_submitit_launcher") is None
PROGRAMS = {"srun": "", "squeue": "", "scontrol": "echo 'MaxArraySize = 3'", "sbatch": "cat $1 >$ASKED; echo batch job 7"}


@pytest.mark.slow
@pytest.mark.skipif(NO_SUBMITIT, reason="hydra-submitit-launcher is not installed")
def test_jobs_are_submitted_where_torch_cannot_be_imported(tmp_path):
    for name in ("torch", "lightning", "torchmetrics", "matplotlib"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('{name} is for the jobs')\n")
    for name, does in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])),
        "ASKED": str(tmp_path / "asked"),
    }
    words = ["ablation=question_only", "budget=smoke", "published=false", "hydra/launcher=submitit", "detach=true"]
    command = [sys.executable, str(ROOT / "scripts/reproduce.py"), *words]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **env}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "3 queued, 0 running, 0 failed, time left not known yet, jobs 7\n" in done.stdout
    assert "--array=0-2" in (tmp_path / "asked").read_text()


def double(number: int) -> tuple[int, int]:
    return 2 * number, os.getpid()


def test_computations_keep_their_order_wherever_they_are(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    found = on_all_cores(double, range(9))
    assert [value for value, _ in found] == [*range(0, 18, 2)]
    assert found[0][1] == os.getpid() and (os.getpid() not in {pid for _, pid in found[1:]} or sys.platform != "linux")
    assert {pid for _, pid in on_all_cores(double, range(3))} == {os.getpid()}
