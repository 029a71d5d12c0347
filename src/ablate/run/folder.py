"""The folder of a run: its name, its state in run.json, and how an interrupted run is found again.

logs/NAME/2026-11-23_06-30-12_decoder=max_unpool,seed=1/
    run.json  config/{config,overrides}.yaml  checkpoints/{best,last}.ckpt  metrics.json  events.out.tfevents.…
"""

import json
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from ablate.errors import BadInput
from ablate.files import ROOT, write_atomically, write_json

STATE, CONFIG, METRICS, LAST = "run.json", "config/config.yaml", "metrics.json", "checkpoints/last.ckpt"
PACKAGES = ("torch", "lightning", "hydra-core", "torchmetrics", "tensorboard", "numpy", "scipy", "matplotlib")
_SWEPT = "ABLATE_SWEPT"
COMMAND = "ABLATE_COMMAND"  # as it was typed


def read_state(folder: Path) -> dict:
    """The contents of run.json, empty where there is none."""
    try:
        return json.loads((folder / STATE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


# --- names ---------------------------------------------------------------------------------------


class Sweep(Callback):
    """Tells a multirun's workers which keys are swept, and keeps where the sweep lies."""

    folder: Path | None = None
    started = 0.0

    def on_multirun_start(self, config: DictConfig, **_: object) -> None:
        overrides = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
        swept = [o.get_key_element().lstrip("+~") for o in overrides if o.is_sweep_override()]
        os.environ[_SWEPT] = json.dumps(swept)  # the environment reaches workers on any launcher
        Sweep.folder, Sweep.started = Path(config.hydra.sweep.dir), time.time()


def short_name(overrides: Sequence[str], limit: int = 120) -> str:
    """`["model/decoder=nearest", "seed=1"]` as `decoder=nearest,seed=1`, fit for a folder."""
    words = []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if key not in ("log_dir", "name", "data.root"):
            words.append(f"{re.split(r'[./]', key)[-1]}={value}")
    return re.sub(r"[^\w.,=+-]+", "-", ",".join(words))[:limit].rstrip(",-")


def swept_name(overrides: Sequence[str]) -> str:
    """The name of one run of a sweep: what was swept, or all its overrides where that is not known."""
    keys = json.loads(os.environ.get(_SWEPT, "[]"))
    swept = [o for o in overrides if o.lstrip("+~").split("=")[0] in keys]
    return short_name(swept or own_overrides(overrides)) or "run"


def run_dir(logs: str, name: str, overrides: Sequence[str], ckpt_path: str | None) -> str:
    """The folder of a single run: a new one, or with ckpt_path=last the interrupted run of the same command."""
    wanted = own_overrides(overrides)
    if ckpt_path == "last":
        return str(_interrupted(Path(logs) / name, wanted))
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = Path(logs) / name / "_".join(filter(None, [stamp, short_name(wanted)]))
    taken = (folder.with_name(f"{folder.name}_{n}") for n in range(2, 1000))
    return str(next(taken) if folder.exists() else folder)


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


def own_overrides(overrides: Sequence[str]) -> list[str]:
    """What makes a run the run it is: its overrides but for how it is started."""
    return [str(o) for o in overrides if not o.startswith("ckpt_path=")]


# --- state ---------------------------------------------------------------------------------------


def start(folder: Path, cfg: DictConfig, overrides: Sequence[str], resume: bool) -> None:
    """Take the folder for this run; refuse one that holds another run or, unless it resumes, any run."""
    plain = OmegaConf.to_container(cfg, resolve=True)
    previous = OmegaConf.to_container(OmegaConf.load(folder / CONFIG)) if (folder / CONFIG).exists() else None
    if previous is not None and not resume:
        raise BadInput(f"{folder} holds a run already; continue it with ckpt_path=last or name another folder")
    if previous is not None and _identity(previous) != _identity(plain):
        raise BadInput(f"{folder} holds a run of another config: {_first_difference(previous, plain)}")
    (folder / "config").mkdir(parents=True, exist_ok=True)
    write_atomically(folder / CONFIG, OmegaConf.to_yaml(OmegaConf.create(plain)))
    own = own_overrides(overrides)
    write_atomically(folder / "config/overrides.yaml", OmegaConf.to_yaml(OmegaConf.create(own)))
    began = read_state(folder).get("seconds", 0.0) if resume else 0.0
    write_json(folder / STATE, {"status": "running", "overrides": own, "seconds_before": began, **provenance()})


def finish(folder: Path, metrics: dict[str, float], **facts: object) -> None:
    """Keep the final metrics, then call the run finished: metrics.json exists for every finished run."""
    write_json(folder / METRICS, metrics)
    update(folder, status="finished", **facts)


def fail(folder: str | Path, reason: str) -> None:
    """Write down why a run failed, if its folder got as far as holding a state; a finished run stays one."""
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
    """Reason by name for the runs of this process's sweep that did not finish."""
    found = {}
    for path in sorted(Sweep.folder.glob(f"*/{STATE}") if Sweep.folder else []):
        state = read_state(path.parent)
        if state.get("status") != "finished" and state.get("started", 0) >= Sweep.started:
            found[path.parent.name] = state.get("error", "stopped before its end")
    return found


def provenance() -> dict[str, object]:
    """Where a result comes from: command, commit, versions, machine."""
    return {
        "command": os.environ.get(COMMAND) or shlex.join([Path(sys.executable).name, *sys.argv]),
        "started": time.time(),
        "commit": commit(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "pid": os.getpid(),
    }


def commit() -> str:
    """The commit of this code, with `+changes` if files differ from it; `unknown` outside a repository."""
    git = ["git", "-C", str(ROOT)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        dirty = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+changes" if dirty else head


def _identity(plain: dict) -> dict:
    return {key: value for key, value in plain.items() if key not in ("ckpt_path", "log_dir")}


def _first_difference(old: dict, new: dict, prefix: str = "") -> str:
    for key in sorted({*old, *new} - {"ckpt_path"}):
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict) and a != b:
            return _first_difference(a, b, f"{prefix}{key}.")
        if a != b:
            return f"{prefix}{key} was {a!r} and is {b!r}"
    return "nothing"
