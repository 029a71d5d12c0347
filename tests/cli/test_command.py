"""Answers before torch is imported; files and folders of ones own that do not do."""

import subprocess
import sys

import pytest
from commands import ROOT, TINY, error_line, script, succeed

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("words", [["--help"], ["--cfg", "job"], ["optimizer.lrr=1"]])
def test_answers_without_importing_torch(words, tmp_path):
    code = (
        "import sys, runpy; sys.argv = ['train.py', *sys.argv[1:]]\n"
        f"try: runpy.run_path({str(ROOT / 'scripts/train.py')!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print('IMPORTED', [m for m in ('torch', 'lightning', 'torchmetrics') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "IMPORTED []" in done.stdout


def test_help_lists_groups_and_config(tmp_path):
    done = script("train", "--help", cwd=tmp_path)
    assert done.returncode == 0 and "model/decoder: " in done.stdout and "max_epochs" in done.stdout


def test_a_log_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "logs").write_text("a file where a folder should be")
    assert "logs" in error_line(script("train", *TINY, cwd=tmp_path))


def test_a_run_never_overwrites_another(tmp_path):
    words = [*TINY, "debug=fast", f"hydra.run.dir={tmp_path}/run"]
    succeed("train", *words, cwd=tmp_path)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*.*") if p.name != "run.log"}
    assert "holds a run already" in error_line(script("train", *words, "seed=3", cwd=tmp_path))
    assert {p: p.stat().st_mtime_ns for p in before if p.name != "run.json"} == {
        p: t for p, t in before.items() if p.name != "run.json"
    }


@pytest.mark.parametrize(
    "text, said",
    [
        (b"data:\n\tbatch_size: 4\n", "cannot start any token"),
        ("seed: 1".encode("utf-16"), "mine.yaml: 'utf-8' codec can't decode byte"),
        (b"seed: !!python/object:os.system 4", "could not determine a constructor"),
    ],
)
def test_a_config_of_ones_own_that_is_no_yaml_is_one_line(text, said, tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/mine.yaml").write_bytes(b"# @package _global_\n" * (said[0] == "c") + text)
    line = error_line(script("train", "--config-dir", str(tmp_path), "experiment=mine", cwd=tmp_path))
    assert said in line and "mine.yaml" in line
