"""Runs the project's commands as a user does: a process, its words, its exit status, what it wrote."""

import atexit
import copy
import gc
import importlib
import logging
import multiprocessing.forkserver
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import hydra
import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.cli.command import quoted
from ablate.cli.compose import compose_run

ROOT = Path(__file__).resolve().parents[1]
CONF = ROOT / "conf"
QUIET = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu")
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
    return copy.deepcopy(_composed_once(*overrides)[0])


def choices(*overrides: str) -> DictConfig:
    """The option of each config group that overrides lead to."""
    return _composed_once(*overrides)[1]


@cache
def _composed_once(*overrides: str) -> tuple[DictConfig, DictConfig]:
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = hydra.compose("train", list(overrides), return_hydra_config=True)
    chosen = OmegaConf.create(OmegaConf.to_container(cfg.hydra.runtime.choices))
    with open_dict(cfg):
        del cfg.hydra
    return cfg, chosen


def composed(name: str, folder: Path, *overrides: str) -> DictConfig:
    """conf/NAME.yaml as its script gets it, for a call in this process; the run's folder is `folder`."""
    return compose_run(name, folder, overrides)


def evaluated(folder: Path, checkpoint: Path, *words: str) -> dict[str, float]:
    """What `evaluate.py` finds, in this process."""
    from ablate.command.evaluate import evaluate, with_overrides_of_run

    words = with_overrides_of_run([quoted(word, ["checkpoint"]) for word in (f"checkpoint={checkpoint}", *words)])
    return evaluate(composed("evaluate", folder, *words))


def fitted(task: LightningModule, data: LightningDataModule, callbacks: Sequence[Callback], folder: Path) -> Trainer:
    """The trainer of two epochs of one seed, with its events in `folder`."""
    seed_everything(1, verbose=False)
    logger = TensorBoardLogger(folder, "", "")
    trainer = Trainer(max_epochs=2, callbacks=list(callbacks), log_every_n_steps=1, **QUIET | {"logger": logger})
    trainer.fit(task, datamodule=data)
    logger.experiment.flush()
    return trainer


def script(name: str, *words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    """`python scripts/NAME.py WORDS` in `cwd`, with its output as text."""
    return run(ROOT / "scripts" / f"{name}.py", words, cwd, {**os.environ, "COLUMNS": "200", **env})


def succeed(name: str, *words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    """The same of a script that must succeed."""
    done = script(name, *words, cwd=cwd, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def trained_run(folder: Path, *words: str) -> Path:
    """The run that `train.py WORDS` leaves in FOLDER/run."""
    succeed("train", *words, f"hydra.run.dir={folder}/run", cwd=folder)
    return folder / "run"


def run(path: Path, words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess:
    """A script of ours in a process of its own: a copy of this one, in which torch is imported already, where that does."""
    launchers = [word.partition("=")[2] for word in words if word.startswith("hydra/launcher=")]
    pool = launchers == ["joblib"] or path.stem == "reproduce" and not launchers
    if pool or torch.cuda.is_available():  # its workers know no copy; neither do autograd's threads
        return subprocess.run([sys.executable, str(path), *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=600)
    _import_what_most_commands_import()
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = multiprocessing.get_context("fork").Process(target=_copied, args=(path, words, cwd, env, out, err))
        process.start()
        process.join(600)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{path.name} {words}")
        return subprocess.CompletedProcess([path, *words], process.exitcode, out.read_text(), err.read_text())


@cache
def _import_what_most_commands_import() -> None:
    """Once in this process, and not again in each copy."""
    for name in ("torch.utils.tensorboard", "ablate.ablation.reproduce", "ablate.ablation.report.report", "ablate.run.train"):
        importlib.import_module(name)


def _copied(path: Path, words: Sequence[str], cwd: Path, env: Mapping[str, str], out: Path, err: Path) -> None:
    """Run a script as if Python had just started, but for what is imported."""
    atexit._clear()
    gc.freeze()  # what is not looked at is not copied
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for stream, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream)
    sys.stdout, sys.stderr = (os.fdopen(stream, "w", encoding="utf-8", buffering=1) for stream in (1, 2))
    logging.root.handlers.clear()
    for name in ("lightning.pytorch", "lightning.fabric"):
        for handler in logging.getLogger(name).handlers:
            handler.setStream(sys.stderr)
    warnings.resetwarnings()
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.showwarning = lambda *warning, line=None: print(warnings.formatwarning(*warning[:4], line), file=sys.stderr)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    multiprocessing.forkserver._forkserver = multiprocessing.forkserver.ForkServer()
    sys.argv = [str(path), *words]
    sys.path[:0] = [str(path.parent), *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    if not path.is_relative_to(ROOT):  # which has modules of its own
        sys.meta_path = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("jaxtyping")]
        for name in [name for name in sys.modules if name.partition(".")[0] == "ablate"]:
            del sys.modules[name]
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # which a forked process leaves out


def error_line(done: subprocess.CompletedProcess) -> str:
    """The one line that a user's mistake gets; fails where there is more, or no failure."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and lines[0].startswith("error: "), done.stderr
    return lines[0]


class KillOnce(Callback):
    """As by the machine, when an epoch begins; not again where the file `done` is."""

    def __init__(self, epoch: int, done: str) -> None:
        self.epoch, self.done = epoch, Path(done)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.current_epoch == self.epoch and not self.done.exists():
            self.done.touch()
            os.kill(os.getpid(), signal.SIGKILL)
