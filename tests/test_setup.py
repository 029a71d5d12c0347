"""run.sh and test.sh make an environment, complete or repair one that lacks something, and are silent about one that is ready."""

import shutil
import subprocess
from pathlib import Path

import pytest
from commands import ROOT

pytestmark = pytest.mark.slow

BACKEND = """
def prepare(folder, *_):
    import os, zipfile
    name = "toy-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("toy-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: toy\\nVersion: 1\\n")
        wheel.writestr("toy-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("toy-1.dist-info/RECORD", "")
        for module in ("toy", "ruff", "mypy", "pytest"):
            wheel.writestr(f"{module}.py", "import sys; print(*sys.argv[1:])" * (module == "pytest"))
    return name
build_wheel = build_editable = prepare
"""


@pytest.fixture
def toy(tmp_path) -> Path:
    """A project with our scripts that needs nothing from any network."""
    (tmp_path / "scripts").mkdir()
    for name in ("run.sh", "setup.sh", "test.sh"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    (tmp_path / "scripts/hello.py").write_text("import sys, toy\nprint(sys.prefix, *sys.argv[1:])\n")
    (tmp_path / "scripts/reproduce.py").write_text("import sys\nprint('reproduce', *sys.argv[1:])\n")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "toy"\nversion = "1"\n'
    )
    return tmp_path


def call(toy: Path, script: str, *words: str) -> tuple[str, str]:
    """Output and messages of a script that succeeds, with an index where nobody answers."""
    done = start(toy, script, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def start(toy: Path, script: str, *words: str) -> subprocess.CompletedProcess:
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHON": shutil.which("python3"), "PIP_INDEX_URL": "http://127.0.0.1:9"}
    command = ["bash", str(toy / "scripts" / script), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd="/", env=env)


MAKING = "making the environment in {}/.venv: some minutes, once\n"
RUN, DEV = "installing requirements.txt\n", "installing requirements-dev.txt\n"


def test_made_then_silent_then_completed_then_repaired(toy):
    """What runs made is completed for tests, and what tests made is enough for runs."""
    made, tested = MAKING.format(toy) + RUN, "--numprocesses auto -k some\n"
    assert call(toy, "run.sh", "hello", "a b", "c=d") == (f"{toy}/.venv a b c=d\n", made)
    assert call(toy, "run.sh", "hello") == (f"{toy}/.venv\n", "")
    assert call(toy, "run.sh") == ("reproduce published=false\n", "")
    assert call(toy, "run.sh", "budget=full") == ("reproduce budget=full\n", "")
    assert call(toy, "test.sh", "-k", "some") == (tested, DEV)
    assert call(toy, "test.sh", "-k", "some") == (tested, "") and call(toy, "run.sh", "hello")[1] == ""
    (toy / "requirements.txt").write_text("# another set\n")
    assert call(toy, "run.sh", "hello")[1] == RUN
    (toy / "requirements-dev.txt").write_text("# another set\n")
    assert call(toy, "run.sh", "hello")[1] == "" and call(toy, "test.sh")[1] == DEV
    (toy / ".venv/.ready").unlink()  # stopped before it was finished
    shutil.rmtree(toy / ".venv/lib")
    assert call(toy, "test.sh")[1] == made + DEV and call(toy, "run.sh", "hello")[1] == ""
    (installed,) = (toy / ".venv/lib").glob("*/site-packages")
    for module, status in (("mypy", 1), ("pytest", 5)):
        (installed / f"{module}.py").write_text(f"raise SystemExit({status})")
        assert start(toy, "test.sh").returncode == status, f"{module} failed"
        (installed / f"{module}.py").write_text("")
    unknown = start(toy, "run.sh", "helo")
    assert unknown.returncode == 1 and unknown.stderr == "error: there is no scripts/helo.py (one of: hello reproduce)\n"
