"""What the tests' ablations run: takes notes, keeps a checkpoint, and fails in the ways that runs fail."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ablate.errors import BadInput
from ablate.files import write_atomically, write_json
from ablate.run import folder as run_folder


def train(cfg: DictConfig) -> None:
    folder = Path(HydraConfig.get().runtime.output_dir)
    run_folder.start(folder, cfg, HydraConfig.get().overrides.task, resume=True)
    if cfg.weights is not None:
        with open(cfg.diary, "a") as diary:
            diary.write(f"{folder.name} reads {Path(cfg.weights).read_text()}\n")
    checkpoint = folder / "step"
    done = int(checkpoint.read_text()) if checkpoint.exists() else 0
    for step in range(done, cfg.steps):
        with open(cfg.diary, "a") as diary:
            diary.write(f"{folder.name} {step}\n")
        if cfg.steps > 2:
            time.sleep(0.05)
        write_atomically(checkpoint, str(step + 1))
    misbehave(cfg.mode, folder)
    score = cfg.quality + 0.01 * np.random.default_rng([cfg.seed, round(100 * cfg.quality)]).standard_normal()
    metrics = {"test/score": score, "test/error": 1 - score, "val/score": score, "val/error": 1 - score + cfg.bias * cfg.steps}
    best = folder / "checkpoints/best.ckpt"
    best.parent.mkdir(exist_ok=True)
    best.write_text(folder.name)
    write_json(folder / "history.json", {"val/score": [[1, 0.0], [2, score]]})
    facts = {"device": "cpu", "parameters": 10, "multiply_adds": 100, "threads": os.environ.get("OMP_NUM_THREADS")}
    run_folder.finish(folder, metrics, seconds=0.1, peak_memory_mb=1.0, **facts)


def metric_tags(cfg: DictConfig) -> list[str]:
    return ["test/score", "val/score"]


def misbehave(mode: str, folder: Path) -> None:
    if mode == "crash":
        print("the last words of a run")
        raise RuntimeError("a fault")
    if mode == "diverge":
        raise BadInput("the loss is not finite at step 7")
    if mode == "memory":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode in ("worker", "server") and not (folder / "killed").exists():  # the server that starts runs, which is its parent
        (folder / "killed").touch()
        os.kill(multiprocessing.parent_process().pid if mode == "worker" else os.getppid(), signal.SIGKILL)
        time.sleep(60)
