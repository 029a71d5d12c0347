"""Which runs an ablation needs, under which names, and which of them have a result."""

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


class Planned(NamedTuple):
    """One run: a cell with a seed; `folder` is named by what decides its result, `needs` are runs that come before it."""

    cell: str
    seed: int
    overrides: list[str]
    key: str
    folder: Path
    needs: tuple["Planned", ...] = ()

    @property
    def status(self) -> str:
        """finished | failed | interrupted | running | absent, as the run's folder says."""
        return run_folder.read_state(self.folder).get("status", "absent")


def plan(ablation: Ablation, budget: str, more: Sequence[str], config_name: str, folder: Path) -> list[Planned]:
    """All runs of a budget, with `more` overrides; the key of each is a digest of its composed config and of the code.

    What a run needs is in its key by the key of that, not by its path, so that a result stays known where logs are moved.
    Composing takes a tenth of a second a cell, so digests are kept in plan.json for as long as conf/ stays as it is.
    """
    conf, code = _digest_files(CONF, "*.yaml"), code_version()
    cache, known = folder / "plan.json", {}
    if cache.exists():
        stored = json.loads(cache.read_text())
        known = stored["configs"] if stored["conf"] == conf else {}
    used: dict[str, str] = {}

    def planned(run: Run, parent: Path, prepared: Mapping[str, Planned]) -> Planned:
        words = json.dumps([config_name, run.overrides])
        plain = run.filled({name: name for name in prepared})
        used[words] = known.get(words) or used.get(words) or _digest_config(config_name, plain)
        needs = tuple(prepared[name] for name in run.needs)
        key = _digest(used[words], code, str(run.seed), *(need.key for need in needs))[:10]
        files = {name: str(each.folder.absolute() / BEST) for name, each in prepared.items()}
        overrides = [*run.filled(files), f"seed={run.seed}"]
        return Planned(run.cell, run.seed, overrides, key, parent / f"{run.cell}_seed={run.seed}_{key}", needs)

    prepared: dict[int, dict[str, Planned]] = {}
    for run in ablation.prepared(budget, more):
        prepared.setdefault(run.seed, {})[run.cell] = planned(run, folder / "prepared", {})
    runs = [planned(run, folder / "runs" / budget, prepared.get(run.seed, {})) for run in ablation.runs(budget, more)]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(cache, {"conf": conf, "configs": used})
    return runs


def composed(config_name: str, overrides: Sequence[str]) -> DictConfig:
    """What a run with these overrides is made from."""
    try:
        return compose_config(config_name, overrides)
    except BadInput as error:
        raise BadInput(f"the overrides {' '.join(overrides)}: {error}") from error


def _digest_config(config_name: str, overrides: Sequence[str]) -> str:
    config = OmegaConf.to_container(composed(config_name, overrides), resolve=False)
    for key in ("log_dir", "name", "ckpt_path"):  # where a run lies does not change its result
        config.pop(key, None)
    return _digest(json.dumps(config, sort_keys=True))


def _digest_files(folder: Path, pattern: str) -> str:
    return _digest(*(f"{p.relative_to(folder)}\n{p.read_text()}" for p in sorted(folder.rglob(pattern))))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
