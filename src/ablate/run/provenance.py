"""Provenance: the command, commit, versions and machine that a result comes from."""

import os
import platform
import shlex
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

from ablate.files import INSTALLED, ROOT, SCRIPTS, script_words
from ablate.run import rank

PACKAGES = ("torch", "lightning", "hydra-core", "torchmetrics", "tensorboard", "numpy", "scipy", "matplotlib")
DEPENDS_ON = ("src", "conf", "scripts", "requirements.txt", ":(exclude)conf/**/*.md", ":(exclude)conf/ablation/results")
COMMAND = "ABLATE_COMMAND"  # environment variable: the command as it was typed, which workers of a sweep inherit


def typed_command() -> str:
    """The command line of this process."""
    script = Path(sys.argv[0])
    if INSTALLED and script.parent == SCRIPTS:
        return shlex.join([*script_words(script.stem), *sys.argv[1:]])
    return shlex.join([Path(sys.executable).name, *sys.argv])


def worker_environment(threads: int) -> dict[str, str]:
    """The environment variables that workers on other machines need, which do not inherit this process's: as many threads, too."""
    kept = {key: value for key, value in os.environ.items() if key.startswith("ABLATE_") or key == "PYTHONPATH"}
    return kept | {"OMP_NUM_THREADS": str(max(1, int(threads)))}


def gpus_of(accelerator: str, devices: int | str) -> int | None:
    """How many GPUs a launcher asks for, for a run with this trainer; one where devices=auto."""
    return (devices if isinstance(devices, int) else 1) if accelerator in ("gpu", "cuda") else None


def provenance() -> dict[str, object]:
    """Command, start (seconds since 1970), commit, versions of Python and packages, machine, and the scheduler's job."""
    return {
        "command": os.environ.get(COMMAND) or typed_command(),
        "started": time.time(),
        "commit": commit(),
        "python": platform.python_version(),
        "versions": package_versions(),
        "host": platform.node(),
        "job": rank.job(),
        "restarts": rank.restarts(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "pid": os.getpid(),
    }


def package_versions() -> dict[str, str]:
    """The versions of the packages that results depend on; `absent` where a machine that only submits jobs does without one."""
    return {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def commit() -> str:
    """The commit of this code, with `+changes` where files that a run depends on differ; `unknown` outside a repository.

    Where the package is installed, its version.
    """
    if INSTALLED:
        return f"ablate {metadata.version('ablate')}"
    git = ["git", "-C", str(ROOT)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        status = [*git, "status", "--porcelain", "--", *DEPENDS_ON]
        dirty = subprocess.run(status, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+changes" if dirty else head
