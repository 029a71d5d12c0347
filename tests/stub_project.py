"""A folder with an ablation whose runs take milliseconds, for the tests of the engine."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml
from commands import ROOT, script

STUB = ROOT / "tests/ablation/stub"
STUB_ABLATION = STUB / "ablation/stub.yaml"


class Project:
    """A config folder of its own with the stub experiment, and what its runs wrote down."""

    def __init__(self, folder: Path, source: "Project | None" = None) -> None:
        """A new one, or a copy of `source` with what it has run."""
        self.folder, self.conf = folder, folder / "conf"
        if source is None:
            shutil.copytree(STUB, self.conf)
        else:
            shutil.copytree(source.folder, folder, dirs_exist_ok=True)
        self.diary = folder / "diary"
        self.file = self.conf / "ablation/stub.yaml"
        self.report = folder / "logs/ablation/stub"

    def words(self, *more: str) -> list[str]:
        chosen = ["ablation=stub", "config=stub", "job=stub_job.train", "metric_tags=null", "budget=smoke"]
        return ["--config-dir", str(self.conf), *chosen, *more]

    def env(self) -> dict[str, str]:
        paths = filter(None, [str(STUB), os.environ.get("PYTHONPATH")])
        return {"STUB_DIARY": self.diary.name, "PYTHONPATH": os.pathsep.join(paths)}

    def reproduce(self, *more: str) -> subprocess.CompletedProcess:
        """One run after the other, where `more` has no other launcher."""
        launcher = [] if any(word.startswith("hydra/launcher=") for word in more) else ["hydra/launcher=basic"]
        return script("reproduce", *self.words(*launcher, *more), cwd=self.folder, **self.env())

    def done(self, *more: str) -> str:
        """Reproduce the ablation; what is printed, once all runs are finished."""
        process = self.reproduce(*more)
        assert process.returncode == 0, process.stderr
        return process.stdout

    def start(self, *more: str) -> subprocess.Popen:
        command, env = [sys.executable, str(ROOT / "scripts/reproduce.py"), *self.words(*more)], {**os.environ, **self.env()}
        return subprocess.Popen(command, cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def interrupt(self, steps: int, how: signal.Signals) -> list[str]:
        """Start and, after so many steps of runs, send a signal; the steps that were done."""
        process, until = self.start(), time.time() + 60
        while len(self.steps()) < steps and time.time() < until:
            time.sleep(0.01)
        process.send_signal(how)
        said = process.communicate()[1]
        if how is signal.SIGKILL:
            assert process.returncode == -signal.SIGKILL
        else:
            assert process.returncode == 128 + how, (process.returncode, said)
            assert said == "stopped; the same command goes on with the runs that are left\n"
        return self.steps()

    def steps(self) -> list[str]:
        return self.diary.read_text().split("\n")[:-1] if self.diary.exists() else []

    def cells(self, since: int = 0) -> Counter:
        """How many steps each cell has done, without the first `since` steps of all."""
        return Counter(line.split("_")[0] for line in self.steps()[since:])

    def change(self, edit: Callable[[dict], None]) -> None:
        given = yaml.safe_load(self.file.read_text())
        edit(given)
        self.file.write_text(yaml.safe_dump(given, sort_keys=False))

    def threads(self) -> set[str]:
        """What runs that have ended knew of OMP_NUM_THREADS."""
        states = [json.loads(path.read_text()) for path in self.report.glob("runs/*/*/run.json")]
        return {state["threads"] for state in states if "threads" in state}

    def states(self) -> Counter:
        return Counter(json.loads(path.read_text())["status"] for path in self.report.glob("runs/*/*/run.json"))


def put(*keys_and_value: object) -> Callable[[dict], None]:
    """An edit of an ablation file: a value under its keys."""

    def edit(given: dict) -> None:
        for key in keys_and_value[:-2]:
            given = given[key]
        given[keys_and_value[-2]] = keys_and_value[-1]

    return edit


TEACHER = ["diary=${oc.env:STUB_DIARY}", "quality=0.9"]


def with_teacher(given: dict) -> None:
    """Change the stub so that two of its cells start from a network that is prepared."""
    given["prepare"] = {"teacher": TEACHER}
    for cell, quality in (("low", 0.2), ("high", 0.8)):
        given["cells"][cell] = [f"quality={quality}", "weights={teacher}"]
