"""Jobs of a SLURM cluster: submitted at once, looked up in its queue, and asked how they ended. submitit writes their scripts."""

import io
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import time
from collections.abc import Collection, Sequence
from contextlib import redirect_stderr
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig, OmegaConf

from ablate.errors import BadInput
from ablate.run.ending import end_without_a_result

EVERY = 2.0  # seconds between two looks at the queue
OWN_KEYS = ("submitit_folder", "max_num_timeout")  # of the launcher's options, those that are no option of a job
COMMON = ("cpus_per_task", "gpus_per_node", "mem_gb", "name", "nodes", "stderr_to_stdout", "tasks_per_node", "timeout_min")


class Lost(BadInput):
    """A job has left the queue and returned nothing."""

    def __init__(self, job: str, state: str) -> None:
        super().__init__(f"its job {job} ended as {state} before the run did")
        self.state = state

    @property
    def by_the_cluster(self) -> bool:
        """Whether nobody wanted that, so that the job is submitted again."""
        return self.state in ("PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "REVOKED", "UNKNOWN")


class Submitting:
    """What a launcher of Hydra's gains: it submits without waiting, and a job that was cancelled ends no other.

    A run of the sweep is a job, and all are tasks of an array, or of several where the cluster has a limit (MaxArraySize).
    """

    params: dict[str, Any]
    config: DictConfig

    def submit(self, job_overrides: Sequence[Sequence[str]], first: int = 0, pack: int = 1) -> list[str]:
        """The ids of the new jobs, one for each list of overrides.

        Args:
            pack: so many runs in a job.

        Raises:
            BadInput: the scheduler refuses them, in its own words; the tasks of a job are not the processes of a run.
        """
        self._check_tasks(pack)
        calls = [
            (list(o), "hydra.sweep.dir", n, f"job_id_for_{n}", Singleton.get_state()) for n, o in enumerate(job_overrides, first)
        ]
        function, calls_of_jobs = (
            (self, calls) if pack == 1 else (Pack(self), [(calls[i : i + pack],) for i in range(0, len(calls), pack)])
        )
        executor, ids, size = self._executor(), list[str](), _max_array_size()
        for start in range(0, len(calls_of_jobs), size):
            try:
                with redirect_stderr(io.StringIO()):  # what sbatch says is in the error, too
                    jobs = executor.map_array(function, *zip(*calls_of_jobs[start : start + size]))
            except Exception as error:  # submitit raises what subprocess does, and errors of its own
                said = " ".join(f"{getattr(error, 'stderr', '') or error}".split())
                raise BadInput(f"SLURM takes no job: {said.replace('sbatch: error: ', '')}") from error
            ids += [job.job_id for job in jobs]
        return [job for job in ids for _ in range(pack)][: len(calls)]

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
        """Submit all, wait until none is queued or runs, and say how each ended."""
        ids = self.submit(job_overrides, initial_job_idx)
        while not queued().keys().isdisjoint(ids):
            time.sleep(EVERY)
        outcomes = [self.outcome(job) for job in ids]
        for outcome, overrides in zip(outcomes, job_overrides, strict=True):
            outcome.overrides = outcome.overrides or overrides
        return outcomes

    def outcome(self, job: str) -> JobReturn:
        """What a job that has left the queue returned, or why it returned nothing."""
        found = JobReturn()
        found.status = JobStatus.FAILED
        try:
            result, value = pickle.loads(self._result(job).read_bytes())
        except OSError:
            found.return_value = Lost(job, state(job))
            return found
        if result == "success":
            return value
        found.return_value = BadInput(value.strip().splitlines()[-1])
        return found

    def _check_tasks(self, pack: int) -> None:
        per_node, nodes = (int(self.params.get(key) or 1) for key in ("tasks_per_node", "nodes"))
        if per_node * nodes == 1:
            return
        said = f"hydra.launcher.tasks_per_node={per_node} hydra.launcher.nodes={nodes}"
        if pack > 1:
            raise BadInput(f"pack={pack} puts several runs into a job, and {said} several processes into a run: one of both")
        found = {key: OmegaConf.select(self.config, f"trainer.{key}") or 1 for key in ("devices", "num_nodes")}
        if isinstance(found["devices"], int) and (found["devices"], found["num_nodes"]) != (per_node, nodes):
            given = " ".join(f"trainer.{key}={value}" for key, value in found.items())
            raise BadInput(f"{given}, but {said}: make these equal, a process for each task")

    def _result(self, job: str) -> Path:
        from submitit.core.utils import JobPaths

        return JobPaths(self.params["submitit_folder"], job, 0).result_pickle

    def _executor(self) -> Any:
        import submitit

        try:
            executor = submitit.AutoExecutor(
                cluster="slurm", folder=self.params["submitit_folder"], slurm_max_num_timeout=self.params["max_num_timeout"]
            )
        except RuntimeError as error:
            raise BadInput(
                "hydra/launcher=submitit: srun is not on the path of this machine; submit on a node of the cluster"
            ) from error
        options = {key: value for key, value in self.params.items() if key not in OWN_KEYS}
        executor.update_parameters(**{key if key in COMMON else f"slurm_{key}": value for key, value in options.items()})
        return executor


class Pack:
    """Several runs in one job, as many at once as it has cores: for runs that are short, or small beside a GPU.

    What they return is not kept. A run that fails says so in its own folder.
    """

    def __init__(self, launcher: Any) -> None:
        self.launcher = launcher

    def __call__(self, calls: Sequence[tuple]) -> JobReturn:
        context, at_once = multiprocessing.get_context("fork"), int(os.environ.get("SLURM_CPUS_PER_TASK", 1))
        signal.signal(signal.SIGTERM, end_without_a_result)
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # each would take all cores
        waiting, processes = list(calls), list[Any]()
        try:
            while waiting or processes:
                while waiting and len(processes) < at_once:
                    processes.append(process := context.Process(target=self._run, args=waiting.pop(0)))
                    process.start()
                wait([process.sentinel for process in processes])
                processes = [process for process in processes if process.is_alive()]
        except BaseException:  # submitit has started the job again
            for process in processes:
                process.terminate()
            raise
        ended = JobReturn()
        ended.status = JobStatus.COMPLETED
        return ended

    def _run(self, *call: Any) -> None:
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # submitit's, which the first process answers
        self.launcher(*call)

    def checkpoint(self, *calls: Any) -> Any:
        """What is to be submitted where the time is over."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, *calls)


def queued() -> dict[str, str]:
    """The state of each job of this user that is queued or runs, by its id (17, or 17_3 of an array): PENDING, RUNNING, …

    Raises:
        BadInput: the scheduler does not answer within a minute.
    """
    command = ["squeue", "--noheader", "--array", f"--user={os.getuid()}", "--format=%i %T"]
    until = time.monotonic() + 60
    while True:
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            raise BadInput("squeue is not on the path of this machine: ask on a node of the cluster") from error
        if done.returncode == 0:
            return dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line.strip())
        if time.monotonic() > until:
            raise BadInput(f"the queue cannot be asked: {' '.join(done.stderr.split())}")
        time.sleep(EVERY)


def state(job: str) -> str:
    """The state in which a job has left the queue, as CANCELLED; UNKNOWN where the scheduler has forgotten it."""
    done = subprocess.run(["scontrol", "--oneliner", "show", "job", job], capture_output=True, text=True)
    found = re.search(r"JobState=(\S+)", done.stdout)
    return found[1] if found else "UNKNOWN"


def arrays(jobs: Collection[str]) -> list[str]:
    """The ids of single jobs and of whole arrays, which `scancel` takes."""
    return sorted({job.partition("_")[0] for job in jobs}, key=int)


def _max_array_size() -> int:
    done = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True)
    found = re.search(r"MaxArraySize\s*=\s*(\d+)", done.stdout)
    return int(found[1]) if found else 1000
