"""Every command of the README runs, in the order in which it stands there, in a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from commands import CONF, ROOT, TINY, run
from PIL import Image

README = (ROOT / "README.md").read_text()
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.S) for line in block.splitlines() if line.strip()]
SMALL = {  # what makes a command of each kind short; the words themselves stay as they are in the README
    "train": [*TINY, "trainer.max_epochs=1"],
    "reproduce": ["budget=smoke"],
    "figures": ["matrices"],
    "export": ["repeats=1"],
    "benchmark": ["data.batch_size=2", "data.image_size=16", "model.encoder.width=2"],
}  # and every budget is smoke
SEQUENCES = [
    "trainer.max_epochs=1", "trainer.limit_train_batches=2", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1", "~callbacks.inside",
]  # fmt: skip
DATES = ["data.dataset.read.sizes={train: 64, val: 8, test: 8}", "model.cell.hidden_size=8", "trainer.max_epochs=1"]
GPU = ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.sync_batchnorm=false"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project as a user has it, with pictures of her own."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("conf", "scripts", "src", "requirements.txt", "pyproject.toml", "README.md"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    rng = np.random.default_rng(0)
    for part in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (folder / "MYDATA" / part).mkdir(parents=True)
    for name in "abcd":
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(folder / f"MYDATA/JPEGImages/{name}.jpg")
        Image.fromarray(rng.integers(0, 3, (40, 50), np.uint8)).save(folder / f"MYDATA/SegmentationClass/{name}.png")
    for split in ("train", "val"):
        (folder / f"MYDATA/ImageSets/Segmentation/{split}.txt").write_text("a\nb\nc\nd\n")
    shutil.copytree(folder / "MYDATA/JPEGImages", folder / "PICTURES")
    return folder


def words_of(command: str, project: Path, request: pytest.FixtureRequest) -> list[str]:
    """The script and the words to run: the README's, and what makes them short or stands for a GPU and for real data."""
    program, path, *rest = shlex.split(command)
    name = Path(path).stem
    rest = [re.sub(r"logs/(\w+)/RUN", lambda match: str(newest_run(project, match[1])), word) for word in rest]
    rest = [word.replace("SWEEP", newest_sweep(project).name) if "SWEEP" in word else word for word in rest]
    rest = ["budget=smoke" if word.startswith("budget=") else word for word in rest]
    real = "camvid" in command and name == "train"
    extra = list(SMALL.get(name, []))
    if real or "CAMVID" in command:
        root = request.getfixturevalue("real_data") / "camvid_half/CamVid"
        rest = [word.replace("CAMVID", str(root)) for word in rest]
    if real:
        extra = ["debug=fast", "trainer.limit_train_batches=1", "data.batch_size=2", f"data.root={root}"]
    if "experiment=names" in rest or "experiment=stdlib_lm" in rest:
        extra = SEQUENCES
    if "experiment=dates" in rest:
        extra = DATES
    if "data=voc" in command:
        extra = [word for word in extra if not word.startswith("data.")] + ["data.batch_size=2"]
    if "-m" in rest or "debug=overfit" in rest:
        extra.append("trainer.max_epochs=1")
    if "trainer=gpu" in rest or "trainer=ddp" in rest:
        extra += GPU if "trainer=ddp" in rest else GPU[:2]
    if "--help" in rest:
        extra = []
    given = {word.split("=")[0] for word in rest}
    return [str(project / path), *rest, *(w for w in extra if w.split("=")[0] not in given)]


def newest_sweep(project: Path) -> Path:
    return max((project / "logs/segmentation").glob("sweep_*"), key=os.path.getmtime)


def newest_run(project: Path, name: str) -> Path:
    return max((project / "logs" / name).glob("*/checkpoints/best.ckpt"), key=os.path.getmtime).parents[1]


def environment(project: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(project / "src"), "COLUMNS": "160"}


def test_the_readme_has_commands():
    assert len(COMMANDS) > 15 and {"bash scripts/run.sh", "bash scripts/test.sh"} < set(COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in COMMANDS if "download.py" in c])
def test_a_download_is_understood(command, tmp_path):
    """Up to the first request, to a port where nobody answers; tests/data/test_download.py has a server and goes on."""
    words = [sys.executable, *shlex.split(command)[1:], "--url", "http://127.0.0.1:9/a.zip", "--root", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and "127.0.0.1:9" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python") and "download.py" not in c])
@pytest.mark.xdist_group("readme")
def test_command(command, project, request):
    if "ckpt_path=last" in command:
        interrupt(project)
    path, *words = words_of(command, project, request)
    done = run(Path(path), words, project, environment(project))
    assert done.returncode == 0, done.stderr
    if "train.py" in command and "--help" not in command:
        assert "tensorboard --logdir logs" in done.stdout
    if "--readme" in command:
        assert "### upsampling" in (project / "README.md").read_text()
    if "output=masks" in command:
        assert len(list((project / "masks").glob("*.png"))) == 8
    if "predict.py" in command and "output=" not in command:
        assert "p = " in done.stdout


def interrupt(project: Path) -> None:
    """Make the run that the README continues look as if it had been killed."""
    for state in (project / "logs/segmentation").glob("*max_unpool*skip=add*/run.json"):
        state.write_text(state.read_text().replace('"finished"', '"running"'))


@pytest.mark.slow
@pytest.mark.xdist_group("readme")
def test_tensorboard_shows_the_runs(project):
    command = next(c for c in COMMANDS if c.startswith("tensorboard"))
    words = [sys.executable, "-m", "tensorboard.main", *shlex.split(command)[1:], "--port", "0", "--load_fast=false"]
    server = subprocess.Popen(words, cwd=project, stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in server.stderr if "http://" in line)
        url = re.search(r"http://\S+", line)[0]
        until, runs = time.time() + 60, b"[]\n"
        while time.time() < until and b"max_unpool" not in runs:
            runs = urllib.request.urlopen(url + "data/runs").read()
            time.sleep(0.2)
        assert b"max_unpool" in runs
    finally:
        server.kill()


def test_every_config_group_is_in_the_table():
    table = dict(re.findall(r"^\| `([a-z/_]+)` \| (`.*`.*) \|$", README.split("## Config groups")[1], re.M))
    for group in sorted({path.parent.relative_to(CONF).as_posix() for path in CONF.rglob("*.yaml")} - {"."}):
        if group.startswith("hydra"):
            continue
        options = {path.stem for path in (CONF / group).glob("*.yaml")}
        assert group in table, f"the README's table of config groups lacks {group}"
        named = set(re.findall(r"`(\w+)`", table[group]))
        assert options <= named, f"the README's row of {group} lacks {options - named}"


def test_every_folder_is_in_the_tree():
    for folder in (ROOT / "src/ablate").iterdir():
        if (folder / "__init__.py").exists():
            assert f"{folder.name}/`" in README, f"the README's tree lacks {folder.name}/"


def test_requirements_are_exact():
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    assert all("==" in line for line in lines if line)
