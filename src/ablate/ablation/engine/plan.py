"""The runs of an ablation: their overrides, their folders, and which of them are finished."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from ablate.ablation.engine.code import code_version
from ablate.ablation.spec.ablation import Ablation, Run
from ablate.cli.compose import compose_config
from ablate.errors import BadInput
from ablate.files import CONF, write_json
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
    def status(self) -> str:
        """`finished`, `failed`, `interrupted` or `running`, from the run's folder; `absent` without one."""
        return run_folder.read_state(self.folder).get("status", "absent")


def plan(ablation: Ablation, budget: str, extra: Sequence[str], config_name: str, folder: Path) -> list[PlannedRun]:
    """All runs of a budget with `extra` overrides; the key of each is a digest of its config, its seed and the code.

    The key of a run includes the keys of the runs that it needs, not their paths, so that logs can be moved.
    Composing a config takes a tenth of a second, so plan.json keeps the digests until a file of conf/ changes.
    """
    conf, code = _digest_files(CONF, "*.yaml"), code_version()
    cache, known = folder / "plan.json", dict[str, str]()
    if cache.exists():
        stored = json.loads(cache.read_text())
        known = stored["configs"] if stored["conf"] == conf else {}
    used: dict[str, str] = {}

    def planned(run: Run, parent: Path, prepared: Mapping[str, PlannedRun]) -> PlannedRun:
        words = json.dumps([config_name, run.overrides])
        plain = run.fill_in({name: name for name in prepared})
        used[words] = known.get(words) or used.get(words) or _digest_config(config_name, plain)
        needs = tuple(prepared[name] for name in run.needs)
        key = _digest(used[words], code, str(run.seed), *(need.key for need in needs))[:10]
        files = {name: str(each.folder.absolute() / BEST) for name, each in prepared.items()}
        overrides = [*run.fill_in(files), f"seed={run.seed}"]
        return PlannedRun(run.cell, run.seed, overrides, key, parent / f"{run.cell}_seed={run.seed}_{key}", needs)

    prepared: dict[int, dict[str, PlannedRun]] = {}
    for run in ablation.prepared(budget, extra):
        prepared.setdefault(run.seed, {})[run.cell] = planned(run, folder / "prepared", {})
    runs = [planned(run, folder / "runs" / budget, prepared.get(run.seed, {})) for run in ablation.runs(budget, extra)]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(cache, {"conf": conf, "configs": used})
    return runs


def run_config(config_name: str, overrides: Sequence[str]) -> DictConfig:
    """The composed config of a run with these overrides."""
    try:
        return compose_config(config_name, overrides)
    except BadInput as error:
        raise BadInput(f"the overrides {' '.join(overrides)}: {error}") from error


def _digest_config(config_name: str, overrides: Sequence[str]) -> str:
    config = OmegaConf.to_container(run_config(config_name, overrides), resolve=False)
    for key in ("log_dir", "name", "ckpt_path"):  # where a run lies does not change its result
        config.pop(key, None)
    return _digest(json.dumps(config, sort_keys=True))


def _digest_files(folder: Path, pattern: str) -> str:
    return _digest(*(f"{p.relative_to(folder)}\n{p.read_text()}" for p in sorted(folder.rglob(pattern))))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
