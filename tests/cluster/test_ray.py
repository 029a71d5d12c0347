"""A Ray of this machine: a run is killed, a worker, the driver; and what is asked again goes on.

bash scripts/test.sh -m cluster; after: pip install hydra-ray-launcher==1.2.2 ray
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from stub_project import Project

MISSING = [name for name in ("ray", "hydra_plugins.hydra_ray_launcher") if find_spec(name) is None]
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(bool(MISSING), reason=f"missing for a Ray of its own: {', '.join(MISSING)}"),
]
RAY = ("hydra/launcher=ray", "overrides=[steps=60]")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def until(there: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)


def workers(driver: subprocess.Popen) -> dict[int, list[int]]:
    """The processes of Ray's in which runs are started, each with its runs'."""
    found = dict[int, list[int]]()
    for process in psutil.Process(driver.pid).children(recursive=True):
        try:
            if process.name().startswith("ray::_run_job"):
                found[process.pid] = [run.pid for server in process.children() for run in server.children()]
        except psutil.NoSuchProcess:
            continue
    return {worker: runs for worker, runs in found.items() if runs}


def test_a_run_that_is_killed_fails_alone_and_workers_get_their_threads(project: Project) -> None:
    driver = project.start(*RAY, "hydra.launcher.ray.remote.num_cpus=2")
    until(lambda: driver.poll() is not None or project.steps() and workers(driver))
    os.kill(next(iter(workers(driver).values()))[0], signal.SIGKILL)
    said = driver.communicate(timeout=300)[1]
    assert driver.returncode == 1 and "killed by SIGKILL" in said and len(said.splitlines()) == 1
    states = [json.loads(path.read_text()) for path in project.report.glob("runs/*/*/run.json")]
    assert sorted(state["status"] for state in states) == ["failed", *["finished"] * 8]
    assert project.threads() == {"2"}
    project.done(*RAY)
    assert project.states() == {"finished": 9} and sum(project.cells().values()) <= 540 + 1


def test_a_worker_and_a_driver_that_are_killed_lose_no_run(project: Project) -> None:
    driver = project.start(*RAY)
    until(lambda: driver.poll() is not None or project.steps() and workers(driver))
    os.kill(next(iter(workers(driver))), signal.SIGKILL)
    until(lambda: project.states()["finished"] >= 2)
    runs = [pid for pids in workers(driver).values() for pid in pids]
    driver.kill()
    driver.wait()
    until(lambda: not any(psutil.pid_exists(pid) for pid in runs))
    project.done(*RAY)
    assert project.states() == {"finished": 9}
    assert sum(project.cells().values()) <= 540 + 5  # a step may be done twice where a kill came between it and its checkpoint
