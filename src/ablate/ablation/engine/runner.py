"""Runs what has no result yet through Hydra's launchers, and shows how far the whole ablation is."""

import fcntl
import logging
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from threading import Event, Thread

from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from rich.console import Console
from rich.live import Live
from rich.text import Text

from ablate.ablation.engine.isolate import Isolated
from ablate.ablation.engine.plan import Planned
from ablate.run import folder as run_folder

log = logging.getLogger(__name__)
ATTEMPTS = 3  # launches after which no run has come to an end


def execute(runs: Sequence[Planned], config_name: str, job: str, console: Console) -> None:
    """Bring every run to an end, finished or failed, after the runs that it needs; runs that are finished already cost nothing.

    A worker that is killed takes a whole pool with it, and with that the runs that were waiting: they are launched
    again as long as some come to an end. A run that fails by itself is not.
    """
    for name in ("hydra", "hydra_plugins"):  # a line a run would bury the one line for all
        logging.getLogger(name).setLevel(logging.WARNING)
    todo = unfinished(runs)
    first = needed(todo)
    every = [*first, *runs]
    with progress(every, unfinished(every), console):
        _end_all(unfinished(first), config_name, job)
        for run in todo:
            for need in unfinished(run.needs)[:1]:
                _give_up(run, f"it needs {need.cell} of seed {need.seed}, which has no result")
        _end_all([run for run in todo if not unfinished(run.needs)], config_name, job)


def unfinished(runs: Iterable[Planned]) -> list[Planned]:
    """Those without a result."""
    return [run for run in runs if run.status != "finished"]


def needed(runs: Iterable[Planned]) -> list[Planned]:
    """What must have a result before these runs, each once."""
    return list({need.folder: need for run in runs for need in run.needs}.values())


def _end_all(todo: list[Planned], config_name: str, job: str) -> None:
    started, idle = time.time(), 0
    launcher = make_launcher(todo, config_name, job) if todo else None
    while todo and idle < ATTEMPTS:
        try:
            launch(todo, launcher)
        except Exception as error:  # whatever a launcher raises for a broken pool
            log.info("the launcher broke (%s): what it left is launched again", error)
        left = [run for run in todo if not _ended(run, started)]
        todo, idle = left, idle + 1 if len(left) == len(todo) else 0
    for run in todo:
        _give_up(run, f"its worker died in each of {ATTEMPTS} launches")


def _give_up(run: Planned, reason: str) -> None:
    run.folder.mkdir(parents=True, exist_ok=True)
    run_folder.fail(run.folder, reason)


def make_launcher(runs: Sequence[Planned], config_name: str, job: str) -> Launcher:
    """The launcher that hydra/launcher= chose, set up as a multirun of conf/`config_name`.yaml sets it up."""
    hydra, chosen = GlobalHydra.instance().hydra, HydraConfig.get()
    kept = [o for o in chosen.overrides.hydra if not o.startswith(("hydra.run", "hydra.sweep", "hydra.mode"))]
    words = [f"hydra/launcher={chosen.runtime.choices['hydra/launcher']}", "hydra.mode=MULTIRUN", *kept, _sweep(runs)]
    config = hydra.compose_config(config_name, words, RunMode.MULTIRUN, with_log_configuration=False)
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
    return Plugins.instance().instantiate_launcher(config=config, hydra_context=context, task_function=Isolated(job))


def launch(runs: Sequence[Planned], launcher: Launcher) -> None:
    """Give runs to the launcher, each as the overrides of one job."""
    jobs = [[*run.overrides, _sweep(runs), f"hydra.sweep.subdir='{run.folder.name}'"] for run in runs]
    for run, result in zip(runs, launcher.launch(jobs, initial_job_idx=0), strict=True):
        if result.status is JobStatus.FAILED and run.status not in ("finished", "failed"):
            _give_up(run, f"it could not be launched: {result._return_value!r}")


def _sweep(runs: Sequence[Planned]) -> str:
    return f"hydra.sweep.dir='{runs[0].folder.parent}'"


def clear(runs: Sequence[Planned]) -> None:
    """Forget the results of runs that nobody is at."""
    for run in runs:
        if run.folder.exists():
            with (run.folder / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(run.folder)


@contextmanager
def progress(runs: Sequence[Planned], todo: Sequence[Planned], console: Console) -> Iterator[None]:
    """One line for the whole ablation while the block lasts: done, running, failed, time left.

    It is redrawn on a terminal; elsewhere it is printed anew twice a minute.
    """
    stop, began = Event(), time.time()

    def status(run: Planned) -> str:
        return "absent" if run.status == "failed" and not _ended(run, began) else run.status  # failed before: it will run again

    def line() -> Text:
        return Text(progress_line(Counter(map(status, runs)), len(runs), len(todo), time.time() - began))

    def watch(show: Callable[[Text], None], every: float) -> None:
        while not stop.wait(every):
            show(line())

    with Live(line(), console=console, auto_refresh=False) if console.is_terminal else nullcontext() as live:
        show = partial(live.update, refresh=True) if live else console.print
        pause = (1.0 if len(runs) < 200 else 5.0) if live else 30.0
        watcher = Thread(target=watch, args=(show, pause), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()
            show(line())


def progress_line(status: Counter, total: int, todo: int, seconds: float) -> str:
    """`12/30 runs done, 2 running, 1 failed, about 0:05:10 left`."""
    ended = status["finished"] + status["failed"]
    now_ended = ended - (total - todo)
    left = f"about {_clock(seconds / now_ended * (total - ended))} left" if now_ended > 0 else "time left not known yet"
    parts = [f"{status['finished']}/{total} runs done", f"{status['running']} running", f"{status['failed']} failed"]
    return ", ".join([*parts, left if ended < total else f"in {_clock(seconds)}"])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _ended(run: Planned, since: float) -> bool:
    return run.status == "finished" or (run.status == "failed" and (run.folder / "run.json").stat().st_mtime >= since)
