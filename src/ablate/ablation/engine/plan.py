"""The runs of an ablation: their overrides, their folders, and which of them are finished."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from ablate.ablation.engine.code import code_version, targets_of
from ablate.ablation.engine.cores import on_all_cores
from ablate.ablation.spec.ablation import Ablation, Run
from ablate.cli.check import check_settings
from ablate.cli.command import quoted
from ablate.cli.compose import compose_config
from ablate.errors import BadInput
from ablate.files import CONF, read_json, write_json
from ablate.run import folder as run_folder

BEST = "checkpoints/best.ckpt"


class PlannedRun(NamedTuple):
    """A cell with a seed; `key` is a digest of what decides the result, `needs` are runs that must be finished before."""

    cell: str
    seed: int
    overrides: list[str]
    key: str
    folder: Path
    needs: tuple["PlannedRun", ...] = ()

    @property
    def depth(self) -> int:
        """How many runs must be finished one after the other before this one."""
        return max((1 + need.depth for need in self.needs), default=0)

    @property
    def status(self) -> str:
        """`finished`, `failed`, `interrupted` or `running`, from the run's folder; `absent` without one."""
        return run_folder.read_state(self.folder).get("status", "absent")


class Planner:
    """Gives runs their folders and keys. The key is a digest of config, seed, code, registration and of what a run needs.

    It does not include paths, so that logs can be moved. Composing a config takes a fifth of a second: all cores do so, and
    plan.json keeps the digests until a file of conf/ changes.
    """

    def __init__(self, config_name: str, folder: Path) -> None:
        self.config_name, self.folder, self.targets = config_name, folder, set[str]()
        self.versions = dict[tuple[str, ...], str]()  # of the code, by targets: many runs have the same
        conf = _digest_files(CONF, "*.yaml")
        self.cache, self.conf, self.known = folder / "plan.json", conf, dict[str, dict]()
        with suppress(BadInput):  # a cut cache is none
            if (stored := read_json(self.cache)).get("conf") == conf:
                self.known = stored["known"]

    @property
    def version(self) -> str:
        """The version of the code of all runs that were planned."""
        return self._version(sorted(self.targets))

    def _version(self, targets: Sequence[str]) -> str:
        if (key := tuple(targets)) not in self.versions:
            self.versions[key] = code_version(key)
        return self.versions[key]

    def plan(self, runs: Sequence[Run], prepared: Sequence[Run], below: str, registration: str) -> list[PlannedRun]:
        """The runs with folders in `below`; what they need is taken from `prepared`, which is never registered.

        What is prepared may need what was prepared before it.
        """
        self._compose((*prepared, *runs), {run.cell: run.cell for run in prepared})
        ready: dict[int, dict[str, PlannedRun]] = {}
        for run in prepared:
            before = ready.setdefault(run.seed, {})
            before[run.cell] = self._planned(run, before, "prepared", "")
        planned = [self._planned(run, ready.get(run.seed, {}), below, registration) for run in runs]
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.cache, {"conf": self.conf, "known": self.known})
        return planned

    def _compose(self, runs: Sequence[Run], names: dict[str, str]) -> None:
        """Know the configs of these runs, in which what is prepared is only named."""
        each = {words: run for run in runs if (words := self._words(run)) not in self.known}
        found = on_all_cores(partial(_described, self.config_name), [run.fill_in(names) for run in each.values()])
        self.known |= zip(each, found, strict=True)

    def _words(self, run: Run) -> str:
        return json.dumps([self.config_name, run.overrides])

    def _planned(self, run: Run, prepared: dict[str, PlannedRun], below: str, registration: str) -> PlannedRun:
        digest, targets = (self.known[self._words(run)][key] for key in ("digest", "targets"))
        self.targets.update(targets)
        needs = tuple(prepared[name] for name in run.needs)
        key = _digest(digest, self._version(targets), str(run.seed), registration, *(need.key for need in needs))[:10]
        files = {name: str(each.folder.absolute() / BEST) for name, each in prepared.items()}
        overrides = [*map(quoted, run.fill_in(files)), f"seed={run.seed}"]
        return PlannedRun(run.cell, run.seed, overrides, key, self.folder / below / f"{run.cell}_seed={run.seed}_{key}", needs)


def run_config(config_name: str, overrides: Sequence[str]) -> DictConfig:
    """The composed config of a run with these overrides."""
    try:
        config = compose_config(config_name, overrides)
        check_settings(config)
    except BadInput as error:
        raise BadInput(f"the overrides {' '.join(overrides)}: {error}") from error
    return config


def present_version(ablation: Ablation, budget: str, config_name: str = "train") -> str:
    """The version of the code that this ablation would run now."""
    names = {name: name for name in ablation.prepare}
    runs = [*ablation.runs(budget, seeds=[0]), *ablation.prepared(budget, seeds=[0])]
    configs = [_plain_config(config_name, run.fill_in(names)) for run in runs]
    return code_version(set().union(*map(targets_of, configs)))


def _described(config_name: str, overrides: Sequence[str]) -> dict:
    """What is kept of a config: its digest and what it builds."""
    config = _plain_config(config_name, overrides)
    return {"digest": _digest(json.dumps(config, sort_keys=True)), "targets": sorted(targets_of(config))}


def _plain_config(config_name: str, overrides: Sequence[str]) -> dict:
    config = OmegaConf.to_container(run_config(config_name, overrides), resolve=False)
    for key in ("log_dir", "name", "ckpt_path"):  # where a run lies does not change its result
        config.pop(key, None)
    return config


def _digest_files(folder: Path, pattern: str) -> str:
    return _digest(*(f"{p.relative_to(folder)}\n{p.read_text(encoding='utf-8')}" for p in sorted(folder.rglob(pattern))))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
