"""A laboratory's SLURM, on one node of its own: submit and leave, cancel, preempt, time out, kill the driver, ask again.

bash scripts/test.sh -m cluster; as root, after: apt-get install slurm-wlm munge; pip install hydra-submitit-launcher==1.2.0
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from commands import TINY, error_line, script
from stub_project import Project, put

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "scontrol")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
MISSING += [] if find_spec("hydra_plugins.hydra_submitit_launcher") else ["hydra-submitit-launcher"]
MISSING += [] if os.geteuid() == 0 else ["the rights of root"]
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(bool(MISSING), reason=f"missing for a SLURM of its own: {', '.join(MISSING)}"),
]
SLURM = ("hydra/launcher=submitit", "hydra.launcher.cpus_per_task=1")


def shell(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def until(there: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.1)


def jobs() -> list[str]:
    return shell("squeue", "--noheader", "--array", "--format=%i").split()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The node; commands find it through SLURM_CONF."""
    folder = tmp_path_factory.mktemp("slurm")
    control = Path(__file__).with_name("slurm.sh")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        shell("bash", str(control), "start", str(folder))
        yield
        shell("bash", str(control), "stop", str(folder))


@pytest.fixture
def project(cluster: None, tmp_path: Path) -> Iterator[Project]:
    """The stub ablation of nine runs; an empty queue before and after."""
    yield Project(tmp_path)
    shell("scancel", f"--user={os.getuid()}")
    until(lambda: not jobs())


def running(project: Project, count: int) -> list[str]:
    """The jobs, once so many runs have begun."""
    until(lambda: len([*project.report.glob("runs/*/*/step")]) >= count)
    return sorted(json.loads((project.report / "jobs.json").read_text()).values(), key=lambda job: int(job.split("_")[1]))


def start_now(*ids: str) -> None:
    """A job that was started again waits for two minutes, unless it is told otherwise."""
    for job in ids:
        subprocess.run(["scontrol", "update", f"JobId={job}", "StartTime=now"], capture_output=True)


def test_submitted_and_left_and_asked_again(project, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # as any variable it goes along with a job
    said = project.done(*SLURM, "detach=true")
    (first,) = {job.split("_")[0] for job in jobs()}
    assert f"9 queued, 0 running, 0 failed, time left not known yet, jobs {first}\n" in said and f"scancel {first}\n" in said
    said = project.done(*SLURM)
    assert "9/9 runs done" in said and project.states() == {"finished": 9}
    assert project.cells() == {"low": 3, "middle": 3, "high": 3} and project.threads() == {"3"}  # each once
    state = json.loads(next(project.report.glob("runs/*/*/run.json")).read_text())
    assert state["job"].startswith(f"{first}_") and state["host"]


def test_a_driver_that_is_killed_is_followed_by_one_that_finds_its_jobs(project):
    words = (*SLURM, "overrides=[steps=200]")
    driver = project.start(*words)
    ids = running(project, 1)
    driver.kill()
    driver.wait()
    again = project.start(*words)
    assert again.stdout.readline().startswith("9 runs are in the queue already: jobs ")
    again.send_signal(signal.SIGINT)
    assert again.communicate(timeout=60)[1].endswith(f"where this ends them: scancel {ids[0].split('_')[0]}\n")
    project.done(*words)
    assert project.cells() == {"low": 600, "middle": 600, "high": 600}


def test_preempted_runs_go_on_and_a_cancelled_one_leaves_the_others_alone(project):
    driver = project.start(*SLURM, "overrides=[steps=100]")
    ids = running(project, 4)
    shell("scancel", ids[0])
    shell("sbatch", "--partition=high", "--ntasks=4", "--wrap=sleep 3", "--output=/dev/null")
    until(lambda: "PREEMPTED" in shell("squeue", "--noheader", "--format=%T") or not shell("squeue", "-h", "-t", "R", "-p", "low"))
    until(lambda: not shell("squeue", "-h", "-p", "high"))
    while driver.poll() is None:
        start_now(*ids[1:])
        time.sleep(1)
    out, said = driver.communicate()
    assert driver.returncode == 1 and "8/9 runs done" in out
    assert f"its job {ids[0]} ended as CANCELLED before the run did" in said and said.count("failed:") == 1
    restarts = [json.loads(path.read_text()).get("restarts") for path in project.report.glob("runs/*/*/run.json")]
    assert 1 in restarts
    project.done(*SLURM, "overrides=[steps=100]")
    counts = project.cells()
    assert sum(counts.values()) <= 900 + 5  # a step may be done twice where a kill came between it and its checkpoint


def test_a_worker_that_is_killed_fails_its_run_alone(project):
    driver = project.start(*SLURM, "overrides=[steps=60]")
    running(project, 1)
    os.kill(next(_workers(project)), signal.SIGKILL)
    said = driver.communicate()[1]
    assert driver.returncode == 1 and said.count("failed:") == 1 and "ended as FAILED before the run did" in said
    assert project.states()["finished"] == 8
    project.done(*SLURM, "overrides=[steps=60]")
    assert sum(project.cells().values()) <= 540 + 1


def _workers(project: Project) -> Iterator[int]:
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if process.name().startswith("python") and "submitit.core._submit" in words and str(project.folder) in words:
            yield process.pid


def test_a_run_whose_time_is_over_goes_on_until_that_was_too_often(project):
    project.change(put("budgets", "smoke", "seeds", 1))
    time_limit = ("hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=5", "hydra.launcher.max_num_timeout=1")
    driver = project.start(*SLURM, *time_limit, "overrides=[steps=4000]")
    ids = running(project, 3)
    while driver.poll() is None:
        start_now(*ids)
        time.sleep(1)
    lines = driver.communicate()[1].splitlines()
    said = "its job ran out of time more often than hydra.launcher.max_num_timeout allows"
    assert len(lines) == 3 and all(said in line for line in lines)
    assert len({*project.steps()}) >= len(project.steps()) - 3  # each went on where it was


def test_a_grid_that_is_longer_than_an_array_may_be_is_cut(project):
    project.change(put("budgets", "smoke", "seeds", 20))
    project.done(*SLURM, "detach=true")
    arrays = Counter(job.split("_")[0] for job in json.loads((project.report / "jobs.json").read_text()).values())
    assert sorted(arrays.values()) == [5, 11, 11, 11, 11, 11]  # MaxArraySize of tests/cluster/slurm.sh


def test_several_runs_are_packed_into_a_job(project, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    project.done(*SLURM, "pack=4")
    assert project.threads() == {"1"}
    kept = json.loads((project.report / "jobs.json").read_text())
    assert project.cells() == {"low": 3, "middle": 3, "high": 3} and sorted(Counter(kept.values()).values()) == [1, 4, 4]
    assert "needs a cluster with a queue" in error_line(project.reproduce("pack=4"))


def test_jobs_name_a_metric_that_they_will_not_have_before_they_begin(project):
    done = project.reproduce(*SLURM, "metric_tags=stub_job.metric_tags")
    lines = done.stderr.splitlines()
    said = "failed: {} seed 0: metric='test/error' is unknown; did you mean 'test/score'? (one of: test/score, val/score)"
    assert done.returncode == 1 and len(lines) == 6 and {said.format("low"), said.format("high")} < {*lines}
    assert project.cells() == {"middle": 3}


def test_what_the_scheduler_refuses_is_one_line_at_once(project):
    done = project.reproduce(*SLURM, "hydra.launcher.partition=nowhere")
    assert "SLURM takes no job: invalid partition specified: nowhere" in error_line(done)
    done = project.reproduce(*SLURM, "pack=3", "hydra.launcher.tasks_per_node=2")
    assert "pack=3 puts several runs into a job, and hydra.launcher.tasks_per_node=2" in error_line(done)
    assert not project.steps()


def test_a_run_of_a_sweep_that_is_started_again_goes_on_and_one_that_is_cancelled_fails_alone(cluster, tmp_path):
    words = [*TINY, "-m", "seed=0,1,2", "trainer.max_epochs=30", "callbacks.panel.pictures=0", *SLURM]
    command = [sys.executable, str(Path(__file__).parents[2] / "scripts/train.py"), *words]
    driver = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: len([*tmp_path.glob("logs/*/*/*/checkpoints/last.ckpt")]) == 3)
    first = jobs()[0].split("_")[0]
    shell("scancel", f"{first}_0")
    shell("scontrol", "requeue", f"{first}_1")
    while driver.poll() is None:
        start_now(f"{first}_1")
        time.sleep(1)
    said = driver.communicate()[1]
    assert (
        driver.returncode == 1 and said.splitlines()[-1] == "failed: seed=0: stopped before its end" and said.count("failed") == 1
    )
    states = {path.parent.name: json.loads(path.read_text()) for path in tmp_path.glob("logs/*/*/*/run.json")}
    assert {name: (state["status"], state["restarts"]) for name, state in states.items()} == {
        "seed=0": ("interrupted", 0), "seed=1": ("finished", 1), "seed=2": ("finished", 0)
    }  # fmt: skip
    assert states["seed=1"]["seconds_before"] > 0


def test_two_tasks_are_two_processes_of_one_run(cluster, tmp_path):
    words = [*TINY, "-m", "seed=0", "trainer=ddp_cpu", "trainer.max_epochs=1", *SLURM, "hydra.launcher.tasks_per_node=2"]
    done = script("train", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (state,) = (json.loads(path.read_text()) for path in tmp_path.glob("logs/*/*/*/run.json"))
    assert state["status"] == "finished"
    done = script("train", *words, "trainer.devices=1", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.splitlines() == [
        "error: trainer.devices=1 trainer.num_nodes=1, but hydra.launcher.tasks_per_node=2 hydra.launcher.nodes=1:"
        " make these equal, a process for each task"
    ]
