"""The folder of a run: its name, its state in run.json, and how an interrupted run is found again.

logs/NAME/2026-11-23_06-30-12_decoder=max_unpool,seed=1/
    run.json  config/{config,overrides}.yaml  checkpoints/{best,last}.ckpt  metrics.json  events.out.tfevents.…
"""

import json
import os
import re
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from ablate.errors import BadInput
from ablate.files import write_atomically, write_json
from ablate.run.provenance import provenance

STATE, CONFIG, METRICS, LAST = "run.json", "config/config.yaml", "metrics.json", "checkpoints/last.ckpt"
SWEPT_KEYS = "ABLATE_SWEPT"  # environment variable: the keys that a sweep varies, as JSON


def read_state(folder: Path) -> dict:
    """The contents of run.json; empty where there is none."""
    try:
        return json.loads((folder / STATE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


class Sweep(Callback):
    """Hydra callback: tells the workers of a multirun which keys it varies, and remembers the folder of the sweep."""

    folder: Path | None = None
    started = 0.0

    def on_multirun_start(self, config: DictConfig, **_: object) -> None:
        overrides = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
        swept = [o.get_key_element().lstrip("+~") for o in overrides if o.is_sweep_override()]
        os.environ[SWEPT_KEYS] = json.dumps(swept)  # the environment reaches workers on any launcher
        Sweep.folder, Sweep.started = Path(config.hydra.sweep.dir), time.time()


def override_key(override: str) -> str:
    """The key or the group that an override names."""
    return override.lstrip("+~").split("=")[0]


def short_name(overrides: Sequence[str], limit: int = 120) -> str:
    """`["model/decoder=nearest", "seed=1"]` as `decoder=nearest,seed=1`, fit for a folder."""
    words = []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if key not in ("log_dir", "name", "data.root"):
            words.append(f"{re.split(r'[./]', key)[-1]}={value}")
    return re.sub(r"[^\w.,=+-]+", "-", ",".join(words))[:limit].rstrip(",-")


def swept_name(overrides: Sequence[str]) -> str:
    """The name of one run of a sweep: its swept overrides, or all of them where the swept keys are not known."""
    keys = json.loads(os.environ.get(SWEPT_KEYS, "[]"))
    swept = [o for o in overrides if override_key(o) in keys]
    return short_name(swept or run_overrides(overrides)) or "run"


def run_dir(logs: str, name: str, overrides: Sequence[str], ckpt_path: str | None) -> str:
    """The folder of a single run: a new one, or with ckpt_path=last the interrupted run of the same command."""
    wanted = run_overrides(overrides)
    if ckpt_path == "last":
        return str(_interrupted(Path(logs) / name, wanted))
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = Path(logs) / name / "_".join(filter(None, [stamp, short_name(wanted)]))
    names = chain([folder.name], (f"{folder.name}_{n}" for n in count(2)))
    return str(next(path for name in names if not (path := folder.with_name(name)).exists()))


def _interrupted(folder: Path, overrides: list[str]) -> Path:
    runs = sorted((path.parent for path in folder.glob(f"*/{STATE}")), reverse=True)
    for run in runs:
        state = read_state(run)
        if state.get("overrides") == overrides and state.get("status") != "finished":
            return run
    raise BadInput(
        f"ckpt_path=last: no interrupted run with the overrides {overrides} under {folder}; "
        "give the same overrides as the run had, or its folder as hydra.run.dir=FOLDER"
    )


def run_overrides(overrides: Sequence[str]) -> list[str]:
    """The overrides that identify a run: all but ckpt_path, which says how it is started."""
    return [str(o) for o in overrides if not o.startswith("ckpt_path=")]


def start(folder: Path, cfg: DictConfig, overrides: Sequence[str], resume: bool) -> None:
    """Take the folder for this run; refuse one that holds another run or, unless it resumes, any run."""
    plain = OmegaConf.to_container(cfg, resolve=True)
    previous = OmegaConf.to_container(OmegaConf.load(folder / CONFIG)) if (folder / CONFIG).exists() else None
    if previous is not None and not resume:
        raise BadInput(f"{folder} holds a run already; continue it with ckpt_path=last or name another folder")
    if previous is not None and (difference := first_difference(_identity(previous), _identity(plain))):
        raise BadInput(f"{folder} holds a run of another config: {difference}")
    (folder / "config").mkdir(parents=True, exist_ok=True)
    write_atomically(folder / CONFIG, OmegaConf.to_yaml(OmegaConf.create(plain)))
    identity = run_overrides(overrides)
    write_atomically(folder / "config/overrides.yaml", OmegaConf.to_yaml(OmegaConf.create(identity)))
    began = read_state(folder).get("seconds", 0.0) if resume else 0.0
    write_json(folder / STATE, {"status": "running", "overrides": identity, "seconds_before": began, **provenance()})


def finish(folder: Path, metrics: dict[str, float], **facts: object) -> None:
    """Keep the final metrics, then call the run finished: metrics.json exists for every finished run."""
    write_json(folder / METRICS, metrics)
    update(folder, status="finished", **facts)


def fail(folder: str | Path, reason: str) -> None:
    """Write the reason of a failure into run.json, if the folder exists; a finished run stays finished."""
    if state := read_state(Path(folder)):
        if state.get("status") == "finished":
            return
        update(Path(folder), status="failed", error=reason)
    elif Path(folder).is_dir():
        write_json(Path(folder) / STATE, {"status": "failed", "error": reason, "started": time.time()})


def update(folder: Path, **facts: object) -> None:
    """Change some entries of run.json."""
    write_json(folder / STATE, {**read_state(folder), **facts})


def failed_in_sweep() -> dict[str, str]:
    """Name and reason of every run of this process's sweep that did not finish."""
    failed = {}
    for path in sorted(Sweep.folder.glob(f"*/{STATE}") if Sweep.folder else []):
        state = read_state(path.parent)
        if state.get("status") != "finished" and state.get("started", 0) >= Sweep.started:
            failed[path.parent.name] = state.get("error", "stopped before its end")
    return failed


def first_difference(old: dict, new: dict, prefix: str = "") -> str | None:
    """`"model.encoder.width was 4 and is 8"` for the first key in which two configs differ; None where they are equal."""
    before, now = flat(old, prefix), flat(new, prefix)
    different = (key for key in sorted({*before, *now}) if before.get(key) != now.get(key))
    return next((f"{key} was {before.get(key)!r} and is {now.get(key)!r}" for key in different), None)


def flat(config: dict, prefix: str = "") -> dict[str, Any]:
    """A nested config as one level of dotted keys."""
    values: dict[str, Any] = {}
    for key, value in config.items():
        values |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return values


def _identity(config: dict) -> dict:
    return {key: value for key, value in config.items() if key not in ("ckpt_path", "log_dir")}
