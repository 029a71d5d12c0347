"""One call of reproduce.py: what is tuned, piloted and run for one ablation at one budget, in which order."""

import os
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from ablate.ablation.engine.code import CODE_DIGITS
from ablate.ablation.engine.isolate import Isolated
from ablate.ablation.engine.plan import PlannedRun, Planner, run_config
from ablate.ablation.engine.queue import Queue
from ablate.ablation.engine.runner import execute, prerequisites, replacing, unfinished
from ablate.ablation.judge.forecast import PILOT_SEED
from ablate.ablation.judge.published import adopt
from ablate.ablation.judge.results import Row, read_row
from ablate.ablation.judge.tuning import chosen, tried_cell
from ablate.ablation.judge.verdict import Outcome, judge
from ablate.ablation.report.format import duration
from ablate.ablation.spec.ablation import SEED, Ablation, Looks, Run
from ablate.console import console
from ablate.errors import BadInput

DATA_SEED = "data.dataset.seed"  # of generated data; pilots have others than the answer


@dataclass
class Session:
    """Plans and executes the runs of `ablation` at `budget`.

    Args:
        extra: overrides of every run.
        config_name, job: what a run is composed from, and what is called with it.
        folder: of the ablation.
        new_data: every seed also draws its own data, so that intervals cover the choice of the test data, too.
        force: run again what has a result.
        queue: of the cluster, where runs are its jobs.
        detach: do not wait for these.
        published: rows of results that count as done where their hash is equal.
        metric_tags: what names the metrics of a run, for runs that have to look whether theirs are there; None: they do not look.
    """

    ablation: Ablation
    budget: str
    extra: list[str]
    config_name: str
    job: str
    folder: Path
    new_data: bool = False
    force: bool = False
    published: Sequence[Row] = ()
    queue: Queue | None = None
    detach: bool = False
    metric_tags: str | None = None
    tuned: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.planner = Planner(self.config_name, self.folder)
        if self.new_data and not self._generates_data():
            raise BadInput(f"new_data=true needs generated data; ablation {self.ablation.name} has no {DATA_SEED}")
        if self.new_data:
            self.extra = [*self.extra, f"{DATA_SEED}={SEED}"]

    def execute(self, runs: Sequence[PlannedRun]) -> None:
        """Run what has no result, neither here nor among what is published."""
        if not self.force and (count := adopt(runs, self.published)):
            console.print(f"{count} of {len(runs)} runs have published results (published=false runs them anew)")
        asked = {run.folder.name: self.ablation.asked.get(run.cell, []) for run in runs}
        job = Isolated(self.job, self.metric_tags, asked)
        with replacing([*prerequisites(runs), *runs]) if self.force else nullcontext():
            execute(runs, self.config_name, job, console, self.queue, self.detach)

    def plan(self, registration: str, seeds: Iterable[int], cells: Iterable[str] | None = None) -> list[PlannedRun]:
        """The runs of these seeds, of all cells or of some."""
        seeds = list(seeds)
        runs = self.ablation.runs(self.budget, self.extra, seeds, self.tuned)
        chosen = runs if cells is None else [run for run in runs if run.cell in set(cells)]
        prepared = self.ablation.prepared(self.budget, self.extra, seeds)
        return self.planner.plan(chosen, prepared, f"runs/{self.budget}", registration)

    def until_decided(self, registration: str, design: Looks, hours: float | None) -> tuple[list[PlannedRun], str]:
        """Run the seeds of each look, for the cells of claims that are still open; stop when none is, or before `hours` are over.

        Hours are those of all runs, earlier calls included, on as many processes as now.

        Returns:
            The runs, and why it stopped before the last look, if it did.
        """
        runs, before = list[PlannedRun](), 0
        for k, n in enumerate(design.seeds):
            waiting = self.open(runs, design, k)
            if not waiting:
                return runs, ""
            cells = None if k == 0 else {cell for outcome in waiting for cell in outcome.claim.cells}
            new = self.plan(registration, self.ablation.seeds(n)[before:], cells)
            expected = self.expected(unfinished(new), runs)
            if hours is not None and k and expected > hours * 3600:
                price = f"{len(unfinished(new))} runs, about {duration(expected)}"
                return runs, f"{len(waiting)} claims are open; the next look, after {n} seeds, would take {price}"
            console.print(f"look {k + 1} of {len(design.seeds)}: seeds {before} to {n - 1}; {len(waiting)} claims are open")
            self.execute(new)
            runs, before = [*runs, *new], n
            if hours is not None:
                hours -= self.spent(new) / 3600
        return runs, ""

    def open(self, runs: Sequence[PlannedRun], design: Looks, look: int) -> list[Outcome]:
        """The claims that more seeds can decide: neither decided nor with a missing run."""
        outcomes = judge(self.ablation, rows(runs), design)
        if look == 0:
            return outcomes
        n = design.seeds[look - 1]
        return [o for o in outcomes if o.verdict == "incomplete" and o.n == n]

    def expected(self, todo: Sequence[PlannedRun], done: Sequence[PlannedRun]) -> float:
        """Seconds that these runs will take, from the mean of each cell's finished ones and the number of processes."""
        seconds: dict[str, list[float]] = {}
        for row in rows(done):
            seconds.setdefault(str(row["cell"]), []).append(float(str(row.get("seconds") or 0)))
        return sum(float(np.mean(seconds.get(run.cell, [0.0]))) for run in todo) / processes()

    def spent(self, runs: Sequence[PlannedRun]) -> float:
        """Seconds that these runs took, with as many processes as now."""
        return sum(float(str(row.get("seconds") or 0)) for row in rows(runs)) / processes()

    def pilot(self, n: int) -> list[Row]:
        """Run `n` seeds that no answer uses, on other data where they are generated; the rows of results."""
        extra = self._pilot_extra()
        seeds = range(PILOT_SEED, PILOT_SEED + n)
        runs = self.ablation.runs(self.budget, extra, seeds, self.tuned)
        planned = self.planner.plan(runs, self.ablation.prepared(self.budget, extra, seeds), f"pilot/{self.budget}", "")
        self.execute(planned)
        return self.rows(planned, "pilot")

    def tune(self) -> list[Row]:
        """Choose the point of the grid of `tune` for each cell, and keep the choice; the rows of what was tried."""
        if (tune := self.ablation.tune) is None:
            return []
        seeds = range(PILOT_SEED, PILOT_SEED + tune.seeds)
        runs = [
            Run(tried_cell(run.cell, i), run.seed, [*run.overrides, *point])
            for run in self.ablation.runs(self.budget, self._pilot_extra(), seeds)
            for i, point in enumerate(tune.points)
        ]
        planned = self.planner.plan(runs, self.ablation.prepared(self.budget, self.extra, seeds), f"tune/{self.budget}", "")
        if todo := unfinished(planned):
            console.print(f"tuning: {len(tune.points)} points of the grid for each cell, {len(todo)} runs")
        self.execute(planned)
        tried = self.rows(planned, "tune")
        self.tuned = chosen(self.ablation, tried)
        return tried

    def rows(self, runs: Iterable[PlannedRun], stage: str, registration: str = "") -> list[Row]:
        """The results of these runs, as they are kept: with stage, budget, registration and version of the code."""
        labels = {"stage": stage, "budget": self.budget, "code": self.planner.version[:CODE_DIGITS]}
        return rows(runs, **labels, **({"registration": registration} if registration else {}))

    def _pilot_extra(self) -> list[str]:
        """Overrides of runs that no answer uses: they have other data, where data are generated."""
        return [*self.extra, f"{DATA_SEED}={PILOT_SEED}"] if not self.new_data and self._generates_data() else self.extra

    def _generates_data(self) -> bool:
        run = self.ablation.runs(self.budget, self.extra, [PILOT_SEED])[0]
        config = run_config(self.config_name, run.fill_in({name: name for name in self.ablation.prepare}))
        return OmegaConf.select(config, DATA_SEED) is not None


def rows(runs: Iterable[PlannedRun], **labels: str) -> list[Row]:
    """The results of these runs, with more columns (stage, budget, registration)."""
    return [read_row(run.folder, cell=run.cell, seed=run.seed, hash=run.key, **labels) for run in runs]


def processes() -> int:
    """How many runs the launcher runs at once, as far as one knows."""
    wanted = HydraConfig.get().launcher.get("n_jobs", 1)
    return (os.cpu_count() or 1) if wanted == -1 else max(1, int(wanted))
