"""Reproduces an ablation: plan, run what is missing, judge, write the report, show the verdicts."""

import fcntl
import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf

from ablate.ablation.engine.plan import PlannedRun, plan, run_config
from ablate.ablation.engine.runner import delete_results, execute, prerequisites, unfinished
from ablate.ablation.judge.results import read_row
from ablate.ablation.report.console import verdict_table
from ablate.ablation.report.report import PAGE, write_report
from ablate.ablation.report.tensorboard import log_report
from ablate.ablation.spec.ablation import Ablation
from ablate.ablation.spec.check import check_overrides
from ablate.ablation.spec.read import load
from ablate.console import console
from ablate.errors import check_choice
from ablate.run import folder as run_folder
from ablate.run.provenance import provenance


def reproduce(cfg: DictConfig) -> None:
    """Run `cfg.ablation` at `cfg.budget` and write its report; the exit status is 1 if a run failed."""
    ablation, folder = load(cfg.ablation), Path(HydraConfig.get().runtime.output_dir)
    check_choice("budget", cfg.budget, ablation.budgets)
    extra = check_overrides(OmegaConf.to_container(cfg.overrides), "overrides")
    runs = plan(ablation, cfg.budget, extra, cfg.config, folder)
    if cfg.metric_tags is not None:
        check_metrics(ablation, get_method(cfg.metric_tags)(run_config(cfg.config, runs[0].overrides)))
    if cfg.force:
        delete_results([*prerequisites(runs), *runs])
    execute(runs, cfg.config, cfg.job, console)
    report(ablation, runs, cfg.budget, folder)
    failed = unfinished(runs)
    for run in [*unfinished(prerequisites(failed)), *failed]:
        reason = run_folder.read_state(run.folder).get("error", "it has not ended")
        print(f"failed: {run.cell} seed {run.seed}: {reason}", file=sys.stderr)
    if failed:
        sys.exit(1)


def check_metrics(ablation: Ablation, known: list[str]) -> None:
    """Raise BadInput for a metric that no run of this ablation will have."""
    for metric in ablation.metrics:
        check_choice(f"ablation {ablation.name}: metric", metric, known)


def report(ablation: Ablation, runs: list[PlannedRun], budget: str, folder: Path) -> None:
    """Write the report and its TensorBoard events; print the verdicts and the report's path."""
    rows = [read_row(run.folder, cell=run.cell, seed=run.seed, hash=run.key) for run in runs]
    with (folder / ".report.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes may end at the same time
        outcomes = write_report(folder, ablation, rows, budget, provenance())
        log_report(folder, ablation, outcomes)
    console.print(verdict_table(ablation, outcomes))
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    console.print(f"the report is {shown / PAGE}\nlook at it: tensorboard --logdir {shown}")
