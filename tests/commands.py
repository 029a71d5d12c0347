"""Runs the project's commands as a user does: a process, its words, its exit status, what it wrote."""

import os
import subprocess
import sys
from pathlib import Path

import hydra
from omegaconf import DictConfig

import ablate.cli  # noqa: F401  registers the resolvers

ROOT = Path(__file__).resolve().parents[1]
CONF = ROOT / "conf"
TINY = [
    "data.dataset.sizes={train: 24, val: 8, test: 8}",
    "data.image_size=16",
    "data.batch_size=8",
    "model.encoder.width=4",
    "model.encoder.depth=2",
    "trainer.max_epochs=2",
    "trainer.log_every_n_steps=1",
]


def compose(*overrides: str) -> DictConfig:
    """conf/train.yaml with overrides."""
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        return hydra.compose("train", list(overrides))


def script(name: str, *words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    """`python scripts/NAME.py WORDS` in `cwd`, with its output as text."""
    command = [sys.executable, str(ROOT / "scripts" / f"{name}.py"), *words]
    environment = {**os.environ, "COLUMNS": "200", **env}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def error_line(done: subprocess.CompletedProcess) -> str:
    """The one line that a user's mistake gets; fails where there is more, or no failure."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and lines[0].startswith("error: "), done.stderr
    return lines[0]
