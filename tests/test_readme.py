"""Every command of the README runs, in the order in which it stands there, in a folder of its own."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import digests
import numpy as np
import pytest
from commands import ROOT, choices, compose, script
from omegaconf import OmegaConf
from PIL import Image

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.S)
COMMANDS = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line.strip() and line[0] != "#"]
TOOLS = ("source", "cd", "git", "pip", "pre-commit")  # programs of others, which are not run here
SHORT = {  # makes a training short, where its config has the key
    "trainer.max_epochs": "1",
    "trainer.limit_train_batches": "3",
    "trainer.limit_val_batches": "1",
    "trainer.limit_test_batches": "1",
    "trainer.log_every_n_steps": "1",
    "data.batch_size": "8",
    "data.dataset.sizes": "{train: 24, val: 8, test: 8}",
    "data.dataset.read.sizes": "{train: 64, val: 8, test: 8}",
    "model.encoder.width": "4",
    "model.encoder.depth": "2",
    "model.cell.hidden_size": "8",
}
SHORT_SCRIPTS = {  # the same for other scripts
    "reproduce": ["budget=smoke", "trainer.limit_train_batches=2", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1"],
    "figures": ["matrices"],
    "export": ["repeats=1"],
    "benchmark": ["data.batch_size=2", "data.image_size=16", "model.encoder.width=2"],
}
CPU = {  # stands for a GPU
    "gpu": ["trainer.accelerator=cpu", "trainer.precision=32-true"],
    "ddp": ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.sync_batchnorm=false"],
}

OWN = {  # file of a user's own -> each of its rows
    "reviews.csv": "text {i} is {kind},{kind}\n",
    "pairs.tsv": "source {i}\ttarget {i}\n",
    "tags.conll": "word{i} N\nis V\n\n",
    "captions.tsv": "CELLS/images/{picture}.jpg\ta picture {i}\n",
    "questions.jsonl": '{{"image": "CELLS/images/{picture}.jpg", "question": "what {i} ?", "answer": "{kind}"}}\n',
    "book.txt": "it was {i} times the best of times\n" * 10,
}


def python_of(command: str) -> list[str] | None:
    """The name of the script that a command runs and its words, `bash scripts/run.sh` as what it calls; None for others."""
    program, *words = shlex.split(command)
    if program == "python" and words[0] != "-m":
        return [Path(words[0]).stem, *words[1:]]
    if program == "bash" and words[0] == "scripts/run.sh":
        return words[1:] if words[1:] and "=" not in words[1] else ["reproduce", *words[1:]]
    return None


SCRIPTS = {command: words for command in COMMANDS if (words := python_of(command))}
DOWNLOADS = {command: words for command, words in SCRIPTS.items() if words[0] == "download"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with pictures of a user's own."""
    folder = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (folder / "CELLS" / part).mkdir(parents=True)
    for name in "abcd":
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(folder / f"CELLS/images/{name}.jpg")
        Image.fromarray(rng.integers(0, 2, (40, 50), np.uint8) * 255).save(folder / f"CELLS/masks/{name}.png")
    for name, row in OWN.items():
        rows = [row.format(i=i, kind="ab"[i % 2], picture="abcd"[i % 4]) for i in range(30)]
        (folder / name).write_text("text,label\n" * (name == "reviews.csv") + "".join(rows))
    shutil.copytree(folder / "CELLS/images", folder / "PICTURES")
    return folder


def newest(project: Path, pattern: str) -> Path:
    return max((project / "logs").glob(pattern), key=os.path.getmtime)


def filled(word: str, project: Path, request: pytest.FixtureRequest) -> str:
    """A word of the README with what its placeholders stand for."""
    if "CAMVID" in word:
        word = word.replace("CAMVID", str(request.getfixturevalue("camvid")))
    if "SWEEP" in word:
        word = word.replace("SWEEP", newest(project, "*/sweep_*").name)
    run_of = lambda match: str(newest(project, f"{match[1]}/*/checkpoints/best.ckpt").parents[1])  # noqa: E731
    return re.sub(r"logs/(\w+)/RUN", run_of, word)


def short(words: list[str], request: pytest.FixtureRequest) -> list[str]:
    """What is added to the words of a training: real data where it needs them, little work, no GPU."""
    first = [word.split(",")[0] if "-m" in words and "[" not in word else word for word in words if word != "-m"]
    cfg, chosen = compose(*first), choices(*first)
    more = list(CPU.get(chosen.trainer, ()))
    more += [f"{key}={value}" for key, value in SHORT.items() if OmegaConf.select(cfg, key, default=None) is not None]
    if OmegaConf.select(cfg, "data.dataset.sizes") and OmegaConf.select(cfg, "data.image_size"):
        more.append("data.image_size=16")
    if cfg.data.get("root") is not None and chosen.data in digests.FOLDERS:
        more.append(f"data.root={request.getfixturevalue('real_data') / digests.FOLDERS[chosen.data]}")
    return more


def words_of(command: str, project: Path, request: pytest.FixtureRequest) -> list[str]:
    """The README's words, then those that make them short and are not given there."""
    name, *words = SCRIPTS[command]
    words = ["budget=smoke" if word.startswith("budget=") else filled(word, project, request) for word in words]
    more = [] if "--help" in words else short(words, request) if name == "train" else SHORT_SCRIPTS.get(name, [])
    if name == "reproduce" or "-m" in words:  # one worker is enough, and none where another command has one
        more = [*more, "hydra.launcher.n_jobs=1" if command.startswith("bash") or "-m" in words else "hydra/launcher=basic"]
    given = {word.split("=")[0] for word in words}
    return [*words, *(word for word in more if word.split("=")[0] not in given)]


def test_every_command_is_known():
    assert len(SCRIPTS) > 10 and any("run.sh" in command for command in COMMANDS)
    for command in COMMANDS:
        program, *words = shlex.split(command)
        files = [word.split("::")[0] for word in words if word.startswith(("tests/", "scripts/"))]
        assert all((ROOT / file).exists() for file in files), command
        assert command in SCRIPTS or command.startswith(("bash", "python -m pytest ", "tensorboard", *TOOLS)), (
            f"what is to be done with {command}?"
        )


@pytest.mark.slow
@pytest.mark.parametrize("command", DOWNLOADS)
def test_a_download_is_understood(command, tmp_path):
    """Up to the first request, to a port where nobody answers; tests/command/test_download.py has a server and goes on."""
    words = [*DOWNLOADS[command][1:], "--url", "http://127.0.0.1:9/a.zip", "--root", str(tmp_path)]
    done = subprocess.run([sys.executable, "scripts/download.py", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and "127.0.0.1:9" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in SCRIPTS if command not in DOWNLOADS])
@pytest.mark.xdist_group("readme")
def test_command(command, project, request):
    name, words = SCRIPTS[command][0], words_of(command, project, request)
    if "onnx=true" in words:
        pytest.importorskip("onnxruntime", reason="pip install onnxscript onnxruntime")
    done = script(name, *words, cwd=project, COLUMNS="160")
    assert done.returncode == 0, done.stderr
    if name == "train" and "--help" not in words:
        assert "tensorboard --logdir logs" in done.stdout
    if "output=masks" in words:
        assert len(list((project / "masks").glob("*.png"))) == 8
    if name == "predict" and "output=" not in command:
        assert "p = " in done.stdout


@pytest.mark.slow
@pytest.mark.xdist_group("readme")
def test_tensorboard_shows_the_runs(project):
    command = next(command for command in COMMANDS if command.startswith("tensorboard"))
    words = [sys.executable, "-m", "tensorboard.main", *shlex.split(command)[1:], "--port", "0", "--load_fast=false"]
    server = subprocess.Popen(words, cwd=project, stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in server.stderr if "http://" in line)
        url = re.search(r"http://\S+", line)[0]
        until, runs = time.time() + 60, "[]\n"
        while time.time() < until and "segmentation" not in runs:
            runs = urllib.request.urlopen(url + "data/runs").read().decode()
            time.sleep(0.2)
        assert "segmentation" in runs
    finally:
        server.kill()


def test_every_folder_is_in_the_tree():
    for folder in (ROOT / "src/ablate").iterdir():
        if (folder / "__init__.py").exists():
            assert f"{folder.name}/" in README, f"the README's tree lacks {folder.name}/"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_exact(name):
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    assert all("==" in line for line in lines if line)
