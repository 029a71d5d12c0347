"""The folder of a run: its name, its state in run.json, and how an interrupted run is found again.

logs/NAME/2026-11-23_06-30-12_decoder=max_unpool,seed=1/
    run.json  config/{config,overrides}.yaml  checkpoints/{best,last}.ckpt  metrics.json  events.out.tfevents.…
"""

import hashlib
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from ablate.errors import BadInput
from ablate.files import PART, read_json, write_atomically, write_json
from ablate.run import rank
from ablate.run.provenance import provenance

if TYPE_CHECKING:
    from filelock import FileLock

STATE, CONFIG, METRICS, LAST = "run.json", "config/config.yaml", "metrics.json", "checkpoints/last.ckpt"
SPLITS = "splits"
LOCK, PATIENCE = "lock", 10.0  # seconds
SWEPT_KEYS = "ABLATE_SWEPT"  # environment variable: the keys that a sweep varies, as JSON

_started: set[Path] = set()  # the folders whose runs this process started


def read_state(folder: Path) -> dict:
    """The contents of run.json; empty where there is none, or one that was cut."""
    try:
        return read_json(folder / STATE)
    except BadInput:
        return {}


def override_key(override: str) -> str:
    """The key or the group that an override names."""
    return override.lstrip("+~").split("=")[0]


def short_name(overrides: Sequence[str]) -> str:
    """`["model/decoder=nearest", "seed=1"]` as `decoder=nearest,seed=1`, fit for a folder: of at most 120 bytes."""
    words = []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        words.append(f"{re.split(r'[./]', key)[-1]}={value}")
    name = re.sub(r"[^\w.,=+-]+", "-", ",".join(words)).encode()[:120]
    return name.decode(errors="ignore").rstrip(",-")


def swept_name(overrides: Sequence[str]) -> str:
    """The name of one run of a sweep: its swept overrides. Where it does not hold all of a value, a digest makes it unique."""
    keys = swept_keys(overrides)
    named = [o for o in overrides if override_key(o) in keys]
    name, whole = short_name(named) or "run", ",".join(re.sub(r"^[^=]*[./]", "", o.lstrip("+~")) for o in named)
    return name if name == whole else f"{name}-{hashlib.sha256(whole.encode()).hexdigest()[:6]}"


def swept_keys(overrides: Sequence[str]) -> list[str]:
    """The keys among the overrides of a run that its sweep varies; all of them where that is not known."""
    keys = json.loads(os.environ.get(SWEPT_KEYS, "[]"))
    return [key for o in overrides if (key := override_key(o)) in keys] or [override_key(o) for o in run_overrides(overrides)]


def run_dir(logs: str | float, name: str | float, overrides: Sequence[str], ckpt_path: str | None) -> str:
    """The folder of a single run: a new one, or with ckpt_path=last that of the same command, one that was interrupted first.

    The processes of one run have one folder, and so has a job that the scheduler starts again.
    """
    wanted, runs = run_overrides(overrides), Path(str(logs)) / str(name)
    if ckpt_path == "last":
        return rank.agreed(runs, wanted, lambda: str(_last_run(runs, wanted)))
    return rank.agreed(runs, wanted, lambda: str(_new_run(runs, wanted)))


def _new_run(runs: Path, wanted: Sequence[str]) -> Path:
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    told = [o for o in wanted if override_key(o) not in ("log_dir", "name", "data.root")]
    folder = runs / "_".join(filter(None, [stamp, short_name(told)]))
    names = chain([folder.name], (f"{folder.name}_{n}" for n in count(2)))
    return next(path for name in names if not (path := folder.with_name(name)).exists())


def _last_run(folder: Path, overrides: list[str]) -> Path:
    states = {path.parent: read_state(path.parent) for path in sorted(folder.glob(f"*/{STATE}"), reverse=True)}
    same = [run for run, state in states.items() if state.get("overrides") == overrides]
    if same:
        return next((run for run in same if states[run].get("status") != "finished"), same[0])
    others = [state["overrides"] for state in states.values() if "overrides" in state]
    nearest = min(others, key=lambda other: len({*other} ^ {*overrides}), default=None)
    hint = "" if nearest is None else f" (the nearest there has {nearest})"
    raise BadInput(
        f"ckpt_path=last: no run with the overrides {overrides} under {folder}{hint}; "
        "give the same overrides as the run had, or its folder as hydra.run.dir=FOLDER"
    )


def run_overrides(overrides: Sequence[str]) -> list[str]:
    """The overrides that identify a run: all but ckpt_path, which says how it is started."""
    return [str(o) for o in overrides if not o.startswith("ckpt_path=")]


def lock(folder: Path) -> "FileLock":
    """The lock of a folder: whoever writes there holds it, and it is free as soon as that process ends in any way.

    A process has it once, however often it takes it.
    """
    from filelock import FileLock  # a sixth of a second

    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / LOCK, is_singleton=True)


@contextmanager
def taken(folder: Path) -> Iterator[None]:
    """Within, the folder is this process's.

    Raises:
        BadInput: it is another's.
    """
    held = lock(folder)
    try:
        who = "another"
        held.acquire(timeout=0 if _alive(folder) else PATIENCE)
    except TimeoutError:
        with suppress(PermissionError):  # Windows lets others neither read nor write a file that is locked
            who = (folder / LOCK).read_text(encoding="utf-8") or who
        raise BadInput(f"{folder} is in use by process {who}, which trains there: let it end, or name another folder") from None
    try:
        with suppress(PermissionError):
            (folder / LOCK).write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        held.release()


def _alive(folder: Path) -> bool:
    """Whether the process that last took a folder still runs here; its loaders of data may outlive it by some seconds."""
    from psutil import pid_exists

    with suppress(OSError, ValueError):
        return pid_exists(int((folder / LOCK).read_text(encoding="utf-8")))
    return True


def start(folder: Path, cfg: DictConfig, overrides: Sequence[str], resume: bool) -> bool:
    """Start this run in its folder, or continue it; False where it is finished.

    Raises:
        BadInput: the folder holds another run or, unless it resumes, any run; that is left as it is.
    """
    plain = OmegaConf.to_container(cfg, resolve=True)
    previous = OmegaConf.to_container(OmegaConf.load(folder / CONFIG)) if (folder / CONFIG).exists() else None
    if previous is not None and not resume:
        raise BadInput(f"{folder} holds a run already; continue it with ckpt_path=last or name another folder")
    if previous is not None and (difference := first_difference(_identity(previous), _identity(plain))):
        other = f"a run of its own continues from it with ckpt_path={shlex.quote(str(folder / LAST))}"
        raise BadInput(f"{folder} holds a run of another config: {difference}; {other}")
    if resume and read_state(folder).get("status") == "finished":
        return False
    _started.add(folder)
    for part in folder.rglob(f".*{PART}"):  # of a process that was killed
        part.unlink()
    (folder / "config").mkdir(parents=True, exist_ok=True)
    write_atomically(folder / CONFIG, OmegaConf.to_yaml(OmegaConf.create(plain)))
    identity = run_overrides(overrides)
    write_atomically(folder / "config/overrides.yaml", OmegaConf.to_yaml(OmegaConf.create(identity)))
    began = read_state(folder).get("seconds", 0.0) if resume else 0.0
    write_json(folder / STATE, {"status": "running", "overrides": identity, "seconds_before": began, **provenance()})
    return True


def write_splits(folder: Path, drawn: Mapping[str, Sequence[str]]) -> None:
    """Write which samples were drawn for each split into splits/, which `data.lists` reads again."""
    for split, names in drawn.items():
        if names:
            (folder / SPLITS).mkdir(exist_ok=True)
            write_atomically(folder / SPLITS / f"{split}.txt", "\n".join(dict.fromkeys(names)) + "\n")


def finish(folder: Path, metrics: dict[str, float], test_split: str = "test", **facts: object) -> None:
    """Keep the final metrics, then call the run finished: metrics.json exists for every finished run.

    Args:
        test_split: val, where there is none of its own; this is kept, too.
    """
    told = {} if test_split == "test" else {"test_split": test_split}
    write_json(folder / METRICS, metrics | told)
    update(folder, status="finished", **told, **facts)


def is_ours(folder: str | Path) -> bool:
    """Whether a run's folder is for this process, the run's first one, to write into: it started the run, or nobody did.

    "." is no folder of a run.
    """
    mine = Path(folder) in _started or not (Path(folder) / STATE).exists() and Path(folder).resolve() != Path.cwd()
    return mine and rank.is_first()


def fail(folder: str | Path, reason: str) -> None:
    """Write the reason of a failure into run.json, if the folder exists; a finished run stays finished."""
    if state := read_state(Path(folder)):
        if state.get("status") == "finished":
            return
        update(Path(folder), status="failed", error=reason)
    elif Path(folder).is_dir():
        write_json(Path(folder) / STATE, {"status": "failed", "error": reason, "started": time.time()})


def interrupt(folder: Path) -> None:
    """Write that this process's run was stopped, and say how to go on; the last checkpoint is whole."""
    if folder in _started and (state := read_state(folder)).get("status") == "running":
        update(folder, status="interrupted", seconds=state["seconds_before"] + time.time() - state["started"])
        print(f"stopped; the same command with ckpt_path=last continues {folder}", file=sys.stderr, flush=True)


def update(folder: Path, **facts: object) -> None:
    """Change some entries of run.json."""
    write_json(folder / STATE, {**read_state(folder), **facts})


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
    """What decides a run: its config without where it lies, so that a folder can be moved."""
    place = config.get("paths", {}).get("output", "")
    values = {key: value for key, value in flat(config).items() if key not in ("ckpt_path", "log_dir")}
    return {key: value.replace(place, "") if isinstance(value, str) else value for key, value in values.items()}
