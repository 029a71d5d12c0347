"""One run in a process of its own, so that a crash or a lack of memory ends that run only."""

import copy
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.cli.check import text_stays_text
from ablate.errors import check_choice, user_line
from ablate.run import folder as run_folder
from ablate.run import hydra_config, rank
from ablate.run.ending import end_with_parent, end_without_a_result

SERVER_DIED = 255  # multiprocessing's exit code of a child whose fork server is gone; the run itself may be good

PATIENCE = 1.0  # seconds
ENDED = ("failed", "finished", "interrupted")  # states in which a run has said itself how it ended


class ServerDied(Exception):
    """The process that starts runs was killed."""


class Isolated:
    """A Hydra task function that calls `job(cfg)` in a new child process, whose output goes to the run's run.log.

    Children come from a fork server, which imports the modules of the job and of the first config once. A child then
    starts in milliseconds and inherits neither threads nor a GPU context. Without fork servers, as on Windows, each child
    imports them itself. A launcher may call this in any process.

    Args:
        tags: dotted name of what names the metrics of a config.
        asked: maps the name of a run's folder to the metrics that its config must have, which is seen before it begins.
    """

    def __init__(self, job: str, tags: str | None = None, asked: Mapping[str, Sequence[str]] | None = None) -> None:
        self.job, self.main, self.tags, self.asked = job, os.getpid(), tags, asked or {}

    def __call__(self, cfg: DictConfig) -> None:
        if os.getppid() == self.main:  # a worker of a pool on this machine, which would outlive its parent
            threading.Thread(target=_end_when_orphaned, args=(self.main,), daemon=True).start()
        if multiprocessing.get_start_method() not in multiprocessing.get_all_start_methods():
            multiprocessing.set_start_method(None, force=True)  # loky's start method, which a child does not know
        forks = "forkserver" in multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
        context.set_forkserver_preload([self.job.rpartition(".")[0], __name__, *_modules(cfg)])
        folder = Path(HydraConfig.get().runtime.output_dir)
        if rank.job() is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, end_without_a_result)
        asked = (self.tags, self.asked.get(folder.name, ()))
        child = context.Process(target=_child, args=(self.job, asked, cfg, hydra_config.sendable()))
        try:
            child.start()
        except (ConnectionError, EOFError) as error:
            raise ServerDied from error
        try:
            child.join()
        except BaseException:  # Ctrl-C or SIGTERM: the child keeps its last checkpoint
            child.terminate()
            child.join()
            raise
        if child.exitcode and rank.job() is not None:
            time.sleep(PATIENCE)  # the scheduler may have signalled all at once; what this process is told comes first
        if child.exitcode == SERVER_DIED:  # when the pool of this worker is shut down; the run is launched again
            raise ServerDied
        if child.exitcode and rank.is_first() and run_folder.read_state(folder).get("status") not in ENDED:
            run_folder.fail(folder, _reason(child.exitcode))


def _modules(node: object) -> set[str]:
    """The module of every `_target_` in a config."""
    if isinstance(node, DictConfig | dict):
        node = OmegaConf.to_container(node, resolve=False) if isinstance(node, DictConfig) else node
        modules = {str(node["_target_"]).rpartition(".")[0]} if "_target_" in node else set()
        return modules.union(*map(_modules, node.values()))
    return set()


def _reason(exitcode: int) -> str:
    if exitcode < 0:
        return f"killed by {signal.Signals(-exitcode).name}" + (" (out of memory?)" if exitcode == -9 else "")
    return f"ended with exit status {exitcode}"


def _child(job: str, asked: tuple[str | None, Sequence[str]], cfg: DictConfig, hydra: DictConfig) -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    if hasattr(signal, "SIGUSR2"):
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # submitit's, for the process that started this one
    hydra_config.use(hydra)
    folder = Path(hydra.hydra.runtime.output_dir)
    first = rank.is_first()  # the others of a run that srun has started do not lock what it holds
    with run_folder.lock(folder) if first else nullcontext(), (folder / "run.log").open("a", buffering=1) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        stream: Any
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        if run_folder.read_state(folder).get("status") == "finished":  # by another process, which had the lock
            return
        with open_dict(cfg):
            cfg.ckpt_path = "last"
            text_stays_text(cfg)
        try:
            _check_metrics(*asked, cfg)
            get_method(job)(cfg)
        except Exception as error:
            traceback.print_exc()
            if first:
                run_folder.fail(folder, user_line(error) or " ".join(f"{type(error).__name__}: {error}".split()))
            sys.exit(1)


def _check_metrics(tags: str | None, asked: Sequence[str], cfg: DictConfig) -> None:
    """Raise BadInput for a metric that a run of this config will not have."""
    if tags is not None and asked:
        known = get_method(tags)(copy.deepcopy(cfg))
        for metric in asked:
            check_choice("metric", metric, known)


def _end_when_orphaned(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
