"""Runs what has no result yet through Hydra's launchers, and shows how far the whole ablation is."""

import fcntl
import logging
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from rich.console import Console
from rich.live import Live
from rich.text import Text

from ablate.ablation.isolate import Isolated
from ablate.ablation.plan import Planned

log = logging.getLogger(__name__)
ATTEMPTS = 3  # launches of a run that its worker's death left unfinished


def execute(runs: Sequence[Planned], config_name: str, job: str, console: Console) -> None:
    """Bring every run to an end, finished or failed; runs that are finished already cost nothing.

    A worker that is killed takes a whole pool with it, and with that the runs that were waiting: they are launched
    again. A run that fails by itself is not.
    """
    started = time.time()
    todo = [run for run in runs if run.status != "finished"]
    with progress(runs, todo, console):
        for _ in range(ATTEMPTS):
            try:
                launch(todo, config_name, job)
            except Exception as error:  # whatever a launcher raises for a broken pool
                log.warning("the launcher broke (%s): what it left is launched again", error)
            todo = [run for run in todo if not _ended(run, started)]
            if not todo:
                break


def launch(runs: Sequence[Planned], config_name: str, job: str) -> None:
    """Give runs to the launcher that hydra/launcher= chose, each as the overrides of one job."""
    hydra = GlobalHydra.instance().hydra
    chosen = [o for o in HydraConfig.get().overrides.hydra if not o.startswith(("hydra.run", "hydra.sweep", "hydra.mode"))]
    sweep = f"hydra.sweep.dir={runs[0].folder.parent}"
    config = hydra.compose_config(config_name, [*chosen, sweep], RunMode.MULTIRUN, with_log_configuration=False)
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
    launcher = Plugins.instance().instantiate_launcher(
        config=config, hydra_context=context, task_function=Isolated(job)
    )
    words = [[*run.overrides, sweep, f"hydra.sweep.subdir={_quoted(run.folder.name)}"] for run in runs]
    launcher.launch(words, initial_job_idx=0)


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
    """One line for the whole ablation while the block lasts: done, running, failed, time left."""
    stop, began = Event(), time.time()

    def line() -> Text:
        return Text(progress_line(Counter(run.status for run in runs), len(runs), len(todo), time.time() - began))

    def watch(live: Live) -> None:
        while not stop.wait(1.0 if len(runs) < 200 else 5.0):
            live.update(line(), refresh=True)

    with Live(line(), console=console, auto_refresh=False) as live:
        watcher = Thread(target=watch, args=(live,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()
            live.update(line(), refresh=True)


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


def _quoted(name: str) -> str:
    return "'" + name.replace("'", r"\'") + "'"
