"""`pip install .`: the command `ablate` in another folder, with its configs, and no clone beside it."""

import subprocess
import sys
import zipfile

import pytest
from commands import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the content of the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


def ablate(installed, cwd, *words):
    python = f"import sys; sys.path.insert(0, {str(installed)!r}); from ablate.__main__ import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", python, *words], cwd=cwd, capture_output=True, text=True)


def test_a_run_says_the_command_that_was_typed_and_the_version(installed, tmp_path):
    done = ablate(installed, tmp_path, "train", "experiment=copy", "debug=fast", "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    state = (tmp_path / "run/run.json").read_text()
    assert '"command": "ablate train experiment=copy debug=fast' in state and '"commit": "ablate 0.1.0"' in state


def test_without_words_it_lists_its_commands_and_a_wrong_one_is_one_line(installed, tmp_path):
    listed = ablate(installed, tmp_path).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert ablate(installed, tmp_path, "trian").stderr.startswith("error: ablate trian is unknown; did you mean 'train'?")
