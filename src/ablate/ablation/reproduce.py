"""Reproduces an ablation: tune, plan, run what is missing, judge, write the report, show the verdicts."""

import signal
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from hydra._internal.utils import _locate
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from ablate.ablation.engine.plan import PlannedRun, run_config
from ablate.ablation.engine.queue import Detached, Queue
from ablate.ablation.engine.runner import prerequisites, unfinished
from ablate.ablation.engine.session import Session
from ablate.ablation.judge.forecast import forecast
from ablate.ablation.judge.published import Answer, read_published
from ablate.ablation.judge.results import read_csv, write_csv
from ablate.ablation.judge.verdict import Outcome, unattainable
from ablate.ablation.report.console import forecast_table, verdict_table
from ablate.ablation.spec.ablation import Ablation, Looks
from ablate.ablation.spec.check import check_number, check_overrides
from ablate.ablation.spec.read import load
from ablate.ablation.spec.registration import register
from ablate.console import console, look_at
from ablate.errors import BadInput, check_choice, check_positive
from ablate.run import folder as run_folder
from ablate.run.provenance import provenance


def reproduce(cfg: DictConfig) -> None:
    """Run `cfg.ablation` at `cfg.budget` and write its report; the exit status is 1 if a run failed.

    SIGTERM ends it as Ctrl-C does, with the workers; the exit status is 143 or 130.
    """
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        _reproduce(cfg)
    except Detached:
        console.print("the same command shows how far they are, and makes the report when all are done" + _jobs())
    except KeyboardInterrupt as stop:
        print("stopped; the same command goes on with the runs that are left" + _jobs(), file=sys.stderr)
        sys.exit(128 + (stop.args or [signal.SIGINT])[0])
    finally:
        signal.signal(signal.SIGTERM, before)


def _queue(folder: Path, pack: int = 1) -> Queue | None:
    """The queue of the cluster, where the launcher has one."""
    return Queue(folder, pack) if HydraConfig.get().runtime.choices["hydra/launcher"] == "submitit" else None


def _jobs() -> str:
    """How to end the jobs that a cluster still has of this ablation; empty without any."""
    if (queue := _queue(Path(HydraConfig.get().runtime.output_dir))) is None:
        return ""
    queue.look()
    return f"; the jobs stay in the queue, where this ends them: scancel {' '.join(queue.ids())}" if queue.ids() else ""


def _named(key: str, name: str) -> Callable:
    try:
        return _locate(name)
    except (ImportError, ValueError) as error:
        raise BadInput(f"{key}: {error}") from error


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt(number)


def _reproduce(cfg: DictConfig) -> None:
    ablation, folder = load(cfg.ablation, cfg.budget), Path(HydraConfig.get().runtime.output_dir)
    _check(cfg)
    session = Session(
        ablation=ablation,
        budget=cfg.budget,
        extra=check_overrides(OmegaConf.to_container(cfg.overrides), "overrides"),
        config_name=cfg.config,
        job=cfg.job,
        folder=folder,
        new_data=cfg.new_data,
        force=cfg.force,
        queue=_queue(folder, cfg.pack),
        detach=cfg.detach,
        published=read_published(ablation.name) if cfg.published else (),
    )
    first = session.plan("", ablation.seeds(1))  # composes the config of every cell, so that mistakes are found here
    if session.queue is not None:
        session.metric_tags = cfg.metric_tags  # this machine may only submit: it need not have torch, which jobs have
    elif cfg.metric_tags is not None:
        tags_of = _named("metric_tags", cfg.metric_tags)
        configs = {run.cell: partial(run_config, cfg.config, run.overrides) for run in first}
        check_metrics(ablation, lambda cell: tags_of(configs[cell]()))
    if tried := session.tune():
        write_csv(folder / "tune.csv", tried, folder)
    if cfg.pilot:
        _pilot(session, cfg.pilot_seeds)
        return
    design = ablation.design(cfg.budget, cfg.until == "decided")
    registration, changed = register(folder, ablation, cfg.budget, design)
    for line in filter(None, [changed, *_doubts(session, design)]):
        console.print(f"note: {line}")
    stopped = ""
    if cfg.until is None:
        runs = session.plan(registration, ablation.seeds(design.seeds[0]))
        session.execute(runs)
    else:
        runs, stopped = session.until_decided(registration, design, cfg.hours)
    report(session, runs, registration, cfg.until == "decided", [changed, stopped])
    _end(runs)


def check_metrics(ablation: Ablation, tags: Callable[[str], list[str]]) -> None:
    """Raise BadInput for a metric that the first cell of its claims, or of the ablation if no claim has it, will not have.

    Args:
        tags: a cell's metrics.
    """
    cells, known = {claim.metric: claim.cells[0] for claim in ablation.claims}, cache(tags)
    for metric in ablation.metrics:
        check_choice(f"ablation {ablation.name}: metric", metric, known(cells.get(metric, next(iter(ablation.cells)))))


def report(
    session: Session, runs: list[PlannedRun], registration: str, until_decided: bool, notes: Sequence[str] = ()
) -> list[Outcome]:
    """Write the report and its TensorBoard events; print the verdicts and the report's path."""
    from ablate.ablation.report.report import PAGE, write_report  # torch and matplotlib only now that all runs have ended
    from ablate.ablation.report.tensorboard import log_report

    folder, ablation = session.folder, session.ablation
    with run_folder.lock(folder):  # two processes may end at the same time
        found = Answer(ablation, session.budget, until_decided, session.rows(runs, "answer", registration))
        outcomes = write_report(folder, found, provenance(), session.tuned, notes)
        log_report(folder, ablation, outcomes)
    console.print(verdict_table(ablation, outcomes))
    for note in filter(None, notes):
        console.print(note)
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    first = next(iter(ablation.metrics))
    tags = [first.replace("test/", "val/", 1), first]
    console.print(f"the report is {shown / PAGE}\n{look_at(shown, tags)}")
    return outcomes


def _check(cfg: DictConfig) -> None:
    if cfg.until not in (None, "decided"):
        raise BadInput(f"until={cfg.until!r} is unknown; did you mean 'decided'?")
    if cfg.hours is not None:
        check_number(cfg.hours, "hours", positive=True)
        if cfg.until is None:
            raise BadInput(f"hours={cfg.hours} needs until=decided; without it all seeds of the budget are run")
    check_positive("pilot_seeds", cfg.pilot_seeds)
    for key in ("pilot", "new_data", "published", "force", "detach"):
        if not isinstance(cfg[key], bool):
            raise BadInput(f"{key}={cfg[key]!r} must be true or false")
    check_positive("pack", cfg.pack)
    for key, usual in (("detach", False), ("pack", 1)):
        if cfg[key] != usual and _queue(Path()) is None:
            raise BadInput(f"{key}={cfg[key]} needs a cluster with a queue: hydra/launcher=submitit")


def _doubts(session: Session, design: Looks) -> list[str]:
    """What this design cannot decide, or will probably not decide by the pilots that there are."""
    ablation, path = session.ablation, session.folder / "pilot.csv"
    never = unattainable(ablation, design)
    lines = [f"{name} cannot be decided: {reason}" for name, reason in never.items()]
    pilots = [row for row in [*session.published, *(read_csv(path) if path.is_file() else [])] if row["stage"] == "pilot"]
    rows = [row for row in pilots if row["budget"] == session.budget]
    doubtful = [each for each in (forecast(ablation, rows, {"": design}) if rows else ()) if each.decided[""] < 0.5]
    said = "{} will probably stay open: {:.0%} by {} pilot seeds"
    more = [said.format(f.claim.name, f.decided[""], f.n) for f in doubtful if f.claim.name not in never]
    return [*lines, *more]


def _pilot(session: Session, seeds: int) -> None:
    """Run the pilots and print what each design of the budget will probably decide."""
    ablation, folder = session.ablation, session.folder
    tried = session.pilot(seeds)
    write_csv(folder / "pilot.csv", tried, folder)
    designs = {"fixed": ablation.design(session.budget), "until decided": ablation.looks}
    console.print(forecast_table(ablation, session.budget, forecast(ablation, tried, designs), designs))
    for row in tried:
        if row["status"] != "finished":
            print(f"failed: pilot of {row['cell']} seed {row['seed']}: {row.get('error', 'it has not ended')}", file=sys.stderr)


def _end(runs: Sequence[PlannedRun]) -> None:
    failed = unfinished(runs)
    for run in [*unfinished(prerequisites(failed)), *failed]:
        reason = run_folder.read_state(run.folder).get("error", "it has not ended")
        print(f"failed: {run.cell} seed {run.seed}: {reason}", file=sys.stderr)
    if failed:
        sys.exit(1)
