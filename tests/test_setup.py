"""run.sh makes an environment, repairs one that was never finished, and is silent about one that is there."""

import shutil
import subprocess
from pathlib import Path

import pytest
from commands import ROOT

BACKEND = """
def prepare(folder, *_):
    import os, zipfile
    name = "toy-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("toy-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: toy\\nVersion: 1\\n")
        wheel.writestr("toy-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("toy-1.dist-info/RECORD", "")
        wheel.writestr("toy.py", "")
    return name
build_wheel = build_editable = prepare
"""


@pytest.fixture
def toy(tmp_path) -> Path:
    """A project with our scripts that needs nothing from any network."""
    (tmp_path / "scripts").mkdir()
    for name in ("run.sh", "setup.sh"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    (tmp_path / "scripts/hello.py").write_text("import sys, toy\nprint(sys.prefix, *sys.argv[1:])\n")
    (tmp_path / "scripts/reproduce.py").write_text("import sys\nprint('reproduce', *sys.argv[1:])\n")
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "toy"\nversion = "1"\n'
    )
    return tmp_path


def run(toy: Path, *words: str) -> subprocess.CompletedProcess:
    """With an index where nobody answers."""
    return subprocess.run(
        ["bash", str(toy / "scripts/run.sh"), *words], capture_output=True, text=True, timeout=300, cwd="/",
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHON": shutil.which("python3"), "PIP_INDEX_URL": "http://127.0.0.1:9"},
    )  # fmt: skip


def test_made_then_silent_then_repaired(toy):
    first = run(toy, "hello", "a b", "c=d")
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"{toy}/.venv a b c=d\n" and "making the environment" in first.stderr
    again = run(toy, "hello")
    assert (again.returncode, again.stdout, again.stderr) == (0, f"{toy}/.venv\n", "")
    assert run(toy).stdout == "reproduce\n" and run(toy, "budget=full").stdout == "reproduce budget=full\n"
    (toy / ".venv/.ready").unlink()  # stopped before it was finished
    shutil.rmtree(toy / ".venv/lib")
    repaired = run(toy, "hello")
    assert repaired.returncode == 0 and "making the environment" in repaired.stderr
    (toy / "requirements.txt").write_text("# another set\n")
    changed = run(toy, "hello")
    assert changed.returncode == 0 and changed.stderr == "installing requirements.txt\n"


def test_an_unknown_script_is_one_line(toy):
    run(toy, "hello")
    done = run(toy, "helo")
    assert done.returncode == 1 and done.stderr == "error: there is no scripts/helo.py (one of: hello reproduce)\n"
