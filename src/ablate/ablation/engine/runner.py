"""Runs an ablation through one of Hydra's launchers, and shows its progress."""

import logging
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
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

from ablate.ablation.engine.isolate import Isolated, ServerDied
from ablate.ablation.engine.plan import PlannedRun
from ablate.ablation.engine.queue import Detached, Queue
from ablate.cli.command import in_quotes
from ablate.errors import BadInput, user_line
from ablate.run import folder as run_folder
from ablate.run.slurm import EVERY

log = logging.getLogger(__name__)
BEFORE = ".before"  # in the folder of a budget's runs: results that force=true replaces
ATTEMPTS = 3  # launches in a row in which no run has ended


def execute(
    runs: Sequence[PlannedRun], config_name: str, job: Isolated, console: Console, queue: Queue | None, detach: bool
) -> None:
    """Run everything that is not finished yet, each run after those that it needs.

    A worker that is killed ends its whole pool, with the runs that were waiting. Those are launched again as long as
    each launch ends some run. A run that failed by itself is not launched again.

    Args:
        queue: of the cluster, where runs are its jobs.
        detach: do not wait for these.

    Raises:
        Detached: some runs are not over.
    """
    for name in ("hydra", "hydra_plugins"):  # their line for each run would hide the progress
        logging.getLogger(name).setLevel(logging.WARNING)
    first = prerequisites(unfinished(runs))
    stages = [[run for run in first if run.depth == depth] for depth in sorted({run.depth for run in first})]
    run_all = _run_all if queue is None else partial(_run_queued, queue, detach)
    if queue is not None:
        queue.look()
        if there := sum(queue.status(run) is not None for run in (*first, *runs)):
            console.print(f"{there} runs are in the queue already: jobs {' '.join(queue.ids())}")
    with progress([*first, *runs], [*unfinished(first), *unfinished(runs)], console, queue):
        for stage in (*stages, runs):
            todo = unfinished(stage)
            for run in todo:
                for need in unfinished(run.needs)[:1]:
                    _mark_failed(run, f"it needs {need.cell} of seed {need.seed}, which has no result")
            run_all([run for run in todo if not unfinished(run.needs)], config_name, job)


def unfinished(runs: Iterable[PlannedRun]) -> list[PlannedRun]:
    """The runs that have not finished."""
    return [run for run in runs if run.status != "finished"]


def prerequisites(runs: Iterable[PlannedRun]) -> list[PlannedRun]:
    """The runs that these runs need, and what those need before them, each once."""
    needs = {need.folder: need for run in runs for need in run.needs}
    return list({run.folder: run for run in (*(prerequisites(needs.values()) if needs else ()), *needs.values())}.values())


def _run_all(todo: list[PlannedRun], config_name: str, job: Isolated) -> None:
    started, idle, refused = time.time(), 0, ""
    launcher = make_launcher(todo, config_name, job) if todo else None
    while todo and idle < ATTEMPTS:
        try:
            launch(todo, launcher)
        except Exception as error:  # launchers raise errors of their own for a broken pool
            log.info("the launcher failed (%s); the runs that have not ended are launched again", error)
            refused = " ".join(f"it could not be launched: {error}".split())
        left = [run for run in todo if not _ended(run, started)]
        todo, idle = left, idle + 1 if len(left) == len(todo) else 0
    begun = any(run.status != "absent" for run in todo)
    for run in todo:
        _mark_failed(run, f"its worker died in each of {ATTEMPTS} launches" if begun or not refused else refused)


def _run_queued(queue: Queue, detach: bool, todo: list[PlannedRun], config_name: str, job: Isolated) -> None:
    """Submit the runs that are not in the queue, and wait until all have ended."""
    started, launches, launcher = time.time(), Counter[Path](), make_launcher(todo, config_name, job) if todo else None
    while True:
        queue.look()
        gone = [run for run in todo if queue.status(run) is None and not _ended(run, started)]
        for run in gone:
            if launches[run.folder] and (reason := _why_it_ended(queue, launcher, run, launches[run.folder])):
                _mark_failed(run, reason)
        if new := [run for run in gone if not _ended(run, started)]:
            queue.add(new, launcher.submit(_words(new), pack=queue.pack))
            launches.update(run.folder for run in new)
        if all(_ended(run, started) for run in todo):
            return
        if detach:
            raise Detached
        time.sleep(EVERY)


def _why_it_ended(queue: Queue, launcher: Launcher, run: PlannedRun, launches: int) -> str | None:
    """Why a run is not submitted again, whose job has left the queue; None where it is."""
    error = launcher.outcome(queue.jobs[run.folder.name])._return_value
    if (
        not isinstance(error, Exception | None)
        or error is None
        or isinstance(error, ServerDied)
        or getattr(error, "by_the_cluster", False)
    ):
        return f"its worker died in each of {ATTEMPTS} launches" if launches >= ATTEMPTS else None
    return user_line(error) or repr(error)


def _mark_failed(run: PlannedRun, reason: str) -> None:
    run.folder.mkdir(parents=True, exist_ok=True)
    run_folder.fail(run.folder, reason)


def make_launcher(runs: Sequence[PlannedRun], config_name: str, job: Isolated) -> Launcher:
    """The launcher that hydra/launcher= names, configured as for a multirun of conf/`config_name`.yaml."""
    hydra, chosen = GlobalHydra.instance().hydra, HydraConfig.get()
    kept = [o for o in chosen.overrides.hydra if not o.startswith(("hydra.run", "hydra.sweep", "hydra.mode"))]
    launcher = f"hydra/launcher={chosen.runtime.choices['hydra/launcher']}"
    words = [*runs[0].overrides, launcher, "hydra.mode=MULTIRUN", *kept, _sweep(runs)]  # a launcher asks for the GPUs of a run
    config = hydra.compose_config(config_name, words, RunMode.MULTIRUN, with_log_configuration=False)
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
    return Plugins.instance().instantiate_launcher(config=config, hydra_context=context, task_function=job)


def launch(runs: Sequence[PlannedRun], launcher: Launcher) -> None:
    """Launch the runs, each as one job."""
    for run, result in zip(runs, launcher.launch(_words(runs), initial_job_idx=0), strict=True):
        again = isinstance(result._return_value, ServerDied)  # it is launched once more
        if result.status is JobStatus.FAILED and run.status not in ("finished", "failed") and not again:
            _mark_failed(run, f"it could not be launched: {result._return_value!r}")


def _words(runs: Sequence[PlannedRun]) -> list[list[str]]:
    return [[*run.overrides, _sweep(runs), f"hydra.sweep.subdir={in_quotes(run.folder.name)}"] for run in runs]


def _sweep(runs: Sequence[PlannedRun]) -> str:
    return f"hydra.sweep.dir={in_quotes(str(runs[0].folder.parent))}"


@contextmanager
def replacing(runs: Sequence[PlannedRun]) -> Iterator[None]:
    """While the block runs, the results of runs lie aside, except of those that are running in another process.

    Then they are deleted; but where nothing can be launched, those that have no new result come back.
    """
    aside = dict[Path, Path]()
    for run in runs:
        if run.folder.exists():
            with suppress(TimeoutError), run_folder.lock(run.folder).acquire(timeout=0):
                aside[run.folder] = kept = run.folder.parent / BEFORE / run.folder.name
                shutil.rmtree(kept, ignore_errors=True)
                kept.parent.mkdir(exist_ok=True)
                run.folder.rename(kept)
    try:
        yield
    except BadInput:
        for run in runs:
            if run.folder in aside and run.status != "finished":
                shutil.rmtree(run.folder, ignore_errors=True)
                aside[run.folder].rename(run.folder)
        raise
    finally:
        for folder in {kept.parent for kept in aside.values()}:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def progress(
    runs: Sequence[PlannedRun], todo: Sequence[PlannedRun], console: Console, queue: Queue | None = None
) -> Iterator[None]:
    """While the block runs, show one line for the whole ablation: done, running, failed, time left.

    A terminal updates the line; elsewhere it is printed twice a minute.
    """
    stop, began = Event(), time.time()

    def status(run: PlannedRun) -> str:
        if queue is not None and run.status != "finished" and (there := queue.status(run)):
            return there
        failed_before = run.status == "failed" and not _ended(run, began)  # in an earlier call; it will run again
        return "absent" if failed_before else run.status

    def line() -> Text:
        said = progress_line(Counter(map(status, runs)), len(runs), len(todo), time.time() - began)
        return Text(f"{said}, jobs {' '.join(ids)}" if queue is not None and (ids := queue.ids()) else said)

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
    if status["queued"]:
        parts.insert(1, f"{status['queued']} queued")
    return ", ".join([*parts, left if ended < total else f"in {_clock(seconds)}"])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _ended(run: PlannedRun, since: float) -> bool:
    return run.status == "finished" or (run.status == "failed" and (run.folder / "run.json").stat().st_mtime >= since)
