"""The place of this process among those of a run (DDP), and the job of a scheduler that it belongs to, from its environment.

One process is the first. It alone takes the folder of the run and writes there. On one machine it starts the others itself
(`ablate.run.processes`). On several machines `srun` or `torchrun` starts them all, each with the whole command.
"""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ablate.errors import BadInput
from ablate.files import write_atomically

JOBS = ".jobs"  # folder below logs/NAME: which folder the first process of a job has chosen
PATIENCE = 60.0  # seconds


def by_srun() -> bool:
    """Whether `srun` has started this process as one of several."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1 and "SLURM_PROCID" in os.environ


def by_torchrun() -> bool:
    """Whether `torchrun` has started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def from_outside() -> bool:
    """Whether all processes of this run were started with the whole command, and have to agree on a folder."""
    return by_srun() or by_torchrun()


def is_first() -> bool:
    """Whether this is the only process of a run, or the one among several that writes."""
    keys = ("RANK",) if by_torchrun() else ("SLURM_PROCID",) if by_srun() else ("NODE_RANK", "LOCAL_RANK")
    return all(int(os.environ.get(key, 0)) == 0 for key in keys)


def job() -> str | None:
    """The scheduler's name of this job: `17`, of an array `17_3`; of torchrun's its run; None outside."""
    if by_torchrun():
        run = os.environ["TORCHELASTIC_RUN_ID"]
        return f"torchrun {os.getppid() if run == 'none' else run}"
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        return f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    return os.environ.get("SLURM_JOB_ID")


def restarts() -> int:
    """How often the scheduler has started this job again, after a preemption or a time-out."""
    return int(os.environ.get("SLURM_RESTART_COUNT" if not by_torchrun() else "TORCHELASTIC_RESTART_COUNT", 0))


def agreed(place: Path, overrides: Sequence[str], choose: Callable[[], str]) -> str:
    """The folder that `choose` gives to the first process of a job; also to the others, and when the job is started again.

    Outside of a job each call chooses.

    Args:
        place: folder below which the choice is kept.
        overrides: one job may run several commands.

    Raises:
        BadInput: the first process has chosen none.
    """
    if job() is None:
        return choose()
    step = os.environ.get("SLURM_STEP_ID", "batch")
    digest = hashlib.sha256("\0".join(overrides).encode()).hexdigest()[:8]
    kept = place / JOBS / f"{job()}.{step}.{digest}".replace(" ", "_")
    if is_first():
        mine = _chosen.get(kept) or (kept.read_text(encoding="utf-8") if restarts() and kept.exists() else choose())
        _chosen[kept] = mine
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, mine)
        return mine
    return wait_for(lambda: kept.read_text(encoding="utf-8") if kept.exists() else None, "has chosen no folder")


_chosen: dict[Path, str] = {}  # by this process: Hydra asks more than once


def wait_for(ask: Callable[[], str | None], otherwise: str) -> str:
    """What the first process has done, as soon as `ask` knows it.

    Raises:
        BadInput: it has not within a minute.
    """
    until = time.monotonic() + PATIENCE
    while (found := ask()) is None:
        if time.monotonic() > until:
            raise BadInput(f"the first process of this run {otherwise} within {PATIENCE:.0f} s: its own output says why")
        time.sleep(0.1)
    return found
