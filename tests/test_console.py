"""What is printed arrives on any console, and a reader who has read enough ends a script without a word."""

import os
import subprocess
import sys

import pytest
from commands import ROOT, TINY, composed

from ablate.console import READER_GONE, console
from ablate.run import folder as run_folder
from ablate.run.train import train

START = "from ablate.console import console, script\n@script\ndef main():\n    "


def ended(words: list[str], encoding: str = "", **options: object) -> subprocess.CompletedProcess:
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUNBUFFERED": ""}  # without a buffer, argparse notices nothing
    return subprocess.run([sys.executable, *words], stderr=subprocess.PIPE, check=False, env=env, **options)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_letters_that_a_console_lacks_become_question_marks_in_child_processes_too(encoding):
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(chr(0x2212), flush=True)'], check=True)"
    code = f"{START}print('a × b − c 月'); console.print('2 − 月'); {child}\nmain()"
    done = ended(["-c", code], encoding, stdout=subprocess.PIPE)
    first, *rest = done.stdout.decode(encoding).split("\n")
    assert done.returncode == 0 and not done.stderr
    assert first == ("a ? b ? c ?" if encoding == "ascii" else "a × b ? c ?") and sorted(rest) == ["", "2 ? ?", "?"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["-c", f"{START}print('short')\nmain()"],
        ["-c", f"{START}print('long' * 9999)\nmain()"],
        ["-c", f"{START}console.print('shown')\nmain()"],
        *([str(ROOT / f"scripts/{name}.py"), "--help"] for name in ("train", "download", "figures", "report", "benchmark")),
    ],
    ids=lambda words: words[0].rpartition("/")[2] + words[1][-18:-7],
)
def test_a_reader_who_has_read_enough_ends_a_script_quietly(words, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = ended(words, stdout=writer, cwd=tmp_path)
    os.close(writer)
    assert (done.returncode, done.stderr) == (READER_GONE, b"")


def test_a_training_that_nobody_reads_any_more_is_interrupted(tmp_path, monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(SystemExit) as stop, os.fdopen(writer, "w", buffering=1, encoding="utf-8") as file:
        monkeypatch.setattr(console, "_file", file)
        try:
            train(composed("train", tmp_path, *TINY))
        finally:
            os.dup2(os.open(os.devnull, os.O_WRONLY), writer)
    assert stop.value.code == READER_GONE and run_folder.read_state(tmp_path)["status"] == "interrupted"
    assert "ckpt_path=last continues" in capsys.readouterr().err
