"""The jobs of an ablation's runs in a cluster's queue: kept in jobs.json, where whoever asks next finds those that are left."""

from collections.abc import Sequence
from pathlib import Path

from ablate.ablation.engine.plan import PlannedRun
from ablate.files import read_json, write_json
from ablate.run import slurm

JOBS = "jobs.json"  # name of a run's folder -> id of its last job
WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "SUSPENDED", "PREEMPTED")


class Detached(Exception):
    """Everything is submitted, and nobody waits for it."""


class Queue:
    """What the scheduler knows of the runs below an ablation's folder.

    Args:
        pack: so many runs go into one job.
    """

    def __init__(self, folder: Path, pack: int = 1) -> None:
        self.path, self.pack = folder / JOBS, pack
        self.jobs: dict[str, str] = read_json(self.path)
        self.there: dict[str, str] = {}

    def add(self, runs: Sequence[PlannedRun], jobs: Sequence[str]) -> None:
        """Keep the jobs to which these runs were submitted."""
        self.jobs |= {run.folder.name: job for run, job in zip(runs, jobs, strict=True)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, self.jobs)
        self.there |= dict.fromkeys(jobs, "PENDING")

    def look(self) -> None:
        """Ask the scheduler; all that follows is answered from what it said last."""
        self.there = slurm.queued()

    def status(self, run: PlannedRun) -> str | None:
        """`queued` or `running`; None where the run has no job in the queue."""
        state = self.there.get(self.jobs.get(run.folder.name, ""))
        return None if state is None else "queued" if state in WAITING else "running"

    def ids(self) -> list[str]:
        """The jobs in the queue, an array as one, as `scancel` takes them."""
        return slurm.arrays({job for job in self.jobs.values() if job in self.there})
