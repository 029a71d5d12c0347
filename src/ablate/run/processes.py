"""Several processes a run (DDP): the first one starts the others of its machine, and ends them when it is stopped or one fails."""

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_method
from lightning.fabric.plugins.environments import (
    ClusterEnvironment,
    LightningEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)
from lightning.pytorch import Trainer
from lightning.pytorch.strategies.launchers.launcher import _Launcher
from lightning.pytorch.strategies.launchers.multiprocessing import _MultiProcessingLauncher
from omegaconf import DictConfig

from ablate.console import console
from ablate.errors import BadInput, user_line
from ablate.run import folder as run_folder
from ablate.run import hydra_config, rank
from ablate.run.ending import end_with_parent, signals_seen_by_a_thread

RANKS = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE")  # environment variables of a run's processes
GRACE = 10.0  # seconds in which a process ends whose run has ended


def is_restarted(folder: Path) -> bool:
    """Whether the scheduler started this process's job again, and the job had begun the run in this folder before."""
    return rank.restarts() > 0 and run_folder.read_state(folder).get("job") == rank.job()


def wait_until_taken(folder: Path) -> bool:
    """For the other processes of a run: wait until the first one trains there; False where the run is finished."""
    if (
        rank.from_outside()
        and rank.wait_for(lambda: _begun(run_folder.read_state(folder)), f"has not begun in {folder}") == "failed"
    ):
        sys.exit(1)  # the first process says why
    return run_folder.read_state(folder).get("status") != "finished"


def _begun(state: dict) -> str | None:
    """The status of a run that is finished, or that the first process of this job has begun."""
    mine = state.get("status") in ("running", "failed") and (state.get("job"), state.get("restarts")) == (
        rank.job(),
        rank.restarts(),
    )
    return state["status"] if mine or state.get("status") == "finished" else None


class Srun(SLURMEnvironment):
    """The processes that `srun` has started. The scheduler or the launcher starts jobs again, not Lightning."""

    def __init__(self) -> None:
        super().__init__(auto_requeue=False)

    @staticmethod
    def _validate_srun_used() -> None:
        """It is."""

    @staticmethod
    def _validate_srun_variables() -> None:
        """`check_sizes` says what does not fit."""

    def world_size(self) -> int:
        return int(os.environ["SLURM_STEP_NUM_TASKS"])

    def validate_settings(self, num_devices: int, num_nodes: int) -> None:
        """`check_sizes` has done so."""


def environment() -> ClusterEnvironment:
    """Who starts the processes of a run: torchrun, srun, or the first. Lightning's own search warns wherever srun is installed."""
    return TorchElasticEnvironment() if rank.by_torchrun() else Srun() if rank.by_srun() else LightningEnvironment()


def check_sizes(trainer: Trainer) -> None:
    """Raise BadInput for more processes than this machine has cores, or for others than were started from outside."""
    devices, nodes = trainer.num_devices, trainer.num_nodes
    if trainer.strategy.root_device.type == "cpu" and devices > (cores := os.cpu_count() or 1):
        raise BadInput(f"trainer.devices={devices} must be at most {cores}: a process for each core of this machine")
    if isinstance(trainer.strategy.launcher, _MultiProcessingLauncher):
        raise BadInput("trainer.strategy must be ddp or another that starts the command's processes itself")
    if rank.from_outside():
        who, keys = ("torchrun", ("WORLD_SIZE", "LOCAL_WORLD_SIZE")) if rank.by_torchrun() else ("srun", ())
        started = int(os.environ["WORLD_SIZE" if keys else "SLURM_STEP_NUM_TASKS"])
        there = started // int(os.environ["LOCAL_WORLD_SIZE"]) if keys else int(os.environ["SLURM_STEP_NUM_NODES"])
        if (devices, nodes) != (started // there, there) and not rank.is_first():
            sys.exit(1)  # the first process says it
        if (devices, nodes) != (started // there, there):
            given = f"trainer.devices={devices} trainer.num_nodes={nodes}"
            raise BadInput(f"{given}, but {who} has started {started} processes on {there} machines: make these equal")
    elif nodes > 1 and "NODE_RANK" not in os.environ:
        raise BadInput(f"trainer.num_nodes={nodes}: start the command on every machine, with srun or torchrun in front of it")
    elif trainer.world_size > 1 and int(tasks := os.environ.get("SLURM_NTASKS", 1)) > 1 and rank.is_first():
        console.print(f"note: this job has {tasks} tasks, but srun has not started them: this process starts the others itself")


def set_up(trainer: Trainer, job: str, cfg: DictConfig) -> None:
    """Let `trainer` start its processes in our way, where it has several.

    Args:
        job: dotted name of what every process calls with `cfg`.
    """
    if trainer.world_size > 1:
        trainer.strategy._launcher = Processes(trainer, job, cfg)
        # Lightning's own handler of SIGTERM waits for processes that wait for this one (Lightning #20806).
        trainer._signal_connector.register_signal_handlers = lambda: None


@contextmanager
def ended(trainer: Trainer) -> Iterator[None]:
    """After the block, the processes that `trainer` has started are ended: this one may have another run."""
    try:
        yield
    finally:
        if isinstance(launcher := trainer.strategy.launcher, Processes):
            launcher.close()


class Processes(_Launcher):
    """Starts the other processes of this machine with the config as it was composed here, and watches over them.

    Lightning would give them the words of the command line instead. From these they would resolve another folder, and within a
    sweep or an ablation they would begin the whole of it.
    """

    is_interactive_compatible = False

    def __init__(self, trainer: Trainer, job: str, cfg: DictConfig) -> None:
        self.cluster, self.devices, self.nodes = trainer.strategy.cluster_environment, trainer.num_devices, trainer.num_nodes
        self.job, self.cfg, self.folder = job, cfg, Path(HydraConfig.get().runtime.output_dir)
        self.others: list[tuple[Any, Connection]] = []
        self.before = {key: os.environ.get(key) for key in RANKS}

    def launch(self, function: Callable, *args: Any, trainer: Trainer | None = None, **kwargs: Any) -> Any:
        if not self.cluster.creates_processes_externally:
            self._start_others()
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(max(1, (os.cpu_count() or 1) // self.devices))
        with signals_seen_by_a_thread(self._stop):
            try:
                return function(*args, **kwargs)
            except Exception as error:
                if user_line(error) is None and (reason := self._failure()):  # this process only noticed that another was gone
                    raise BadInput(reason) from error
                raise

    def kill(self, signum: int = signal.SIGKILL) -> None:
        for process, _ in self.others:
            if process.is_alive():
                os.kill(process.pid, signum)

    def close(self) -> None:
        """End what is left of the others, and forget them."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        until = time.monotonic() + GRACE
        for process, _ in self.others:
            process.join(max(0.0, until - time.monotonic()))
        self.kill()
        self.others = []
        for key, value in self.before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value

    def _start_others(self) -> None:
        values = (self.cluster.main_address, self.cluster.main_port, self.cluster.node_rank(), 0, self.devices * self.nodes)
        os.environ.update(zip(RANKS, map(str, values)))
        context = multiprocessing.get_context("spawn")
        for number in range(1, self.devices):
            ours, theirs = context.Pipe(duplex=False)
            os.environ["LOCAL_RANK"] = str(number)
            process = context.Process(
                target=_other, args=(self.job, self.cfg, hydra_config.sendable(), theirs), name=f"process {number}"
            )
            process.start()
            theirs.close()
            self.others.append((process, ours))
        os.environ["LOCAL_RANK"] = "0"
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """End all as soon as one has failed: those that wait for it would do so for half an hour."""
        processes = [process for process, _ in self.others]
        while any(process.is_alive() for process in processes):
            time.sleep(0.2)
            if any(process.exitcode for process in processes) and self.others:
                time.sleep(GRACE)  # in which this process notices, and ends as after any other error
                if self.others:
                    self._fail()

    def _failure(self) -> str | None:
        """Why another process has failed, in one line; its traceback is printed."""
        until = time.monotonic() + GRACE / 2
        while self.others and time.monotonic() < until:
            for process, words in self.others:
                if process.exitcode is not None or words.poll():
                    line, trace = words.recv() if words.poll() else (f"it ended with exit status {process.exitcode}", "")
                    print(trace, end="", file=sys.stderr)
                    return f"{process.name}: {line}"
            time.sleep(0.05)
        return None

    def _stop(self, number: int) -> NoReturn:
        """End everything at once, for it goes on from the last checkpoint: this process may wait for another for ever."""
        self.kill()
        run_folder.interrupt(self.folder)
        os._exit(128 + number)

    def _fail(self) -> NoReturn:
        reason = self._failure()
        self.kill()
        if run_folder.is_ours(self.folder):
            run_folder.fail(self.folder, reason)
        print(f"error: {reason}", file=sys.stderr, flush=True)
        os._exit(1)


def _other(job: str, cfg: DictConfig, hydra: DictConfig, words: Connection) -> None:
    """Another process of a run: the same job with the same config. What ends it is said by the first one."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends this one
    hydra_config.use(hydra)
    try:
        get_method(job)(cfg)
    except Exception as error:
        line = user_line(error)
        words.send((line, "") if line else (f"{type(error).__name__}: {error}", traceback.format_exc()))
        os._exit(1)
