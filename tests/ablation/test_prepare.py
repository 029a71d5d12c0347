"""Runs that are made before the cells: once, of the same seed, continued after a kill; what fails, and wrong files."""

import shutil
import signal
from collections import Counter

import pytest
from commands import error_line
from stub_project import TEACHER, Project, put, with_teacher

from ablate.ablation.judge.results import read_csv
from ablate.ablation.spec.read import load

pytestmark = pytest.mark.slow


@pytest.fixture
def project(project):
    """The stub, two of whose cells start from a teacher."""
    project.change(with_teacher)
    return project


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("once"))
    project.change(with_teacher)
    assert "12/12 runs done" in project.done()
    return project


@pytest.fixture
def done(once, tmp_path):
    """The same, all of whose runs are finished."""
    return Project(tmp_path, once)


def test_each_cell_gets_the_teacher_of_its_seed_once(done):
    steps = done.steps()
    assert [line.split("_")[0] for line in steps[:3]] == ["teacher"] * 3  # before the cells
    reads = [line.split(" reads ") for line in steps if " reads " in line]
    assert len(reads) == 6 and all(cell.split("_")[1] == teacher.split("_")[1] for cell, teacher in reads)
    assert len(steps) == 3 + 9 + 6 and done.states() == {"finished": 9}
    assert len(list(done.report.glob("prepared/*/run.json"))) == 3
    rows = read_csv(done.report / "results.csv")
    assert {row["cell"] for row in rows} == {"low", "middle", "high"} and len(rows) == 9
    text = (done.report / "report.md").read_text()
    assert "Trained before the cells, with every seed, and no row of the results: `teacher` (`" in text
    assert "3 cells × 3 seeds: 9 of 9 runs finished" in text and "| `teacher`" not in text
    done.done()
    assert done.steps() == steps


def test_a_change_of_the_teacher_concerns_those_that_start_from_it(done):
    before = len(done.steps())
    done.change(put("prepare", "teacher", [*TEACHER, "steps=2"]))
    done.done()
    assert done.cells(before) == {"teacher": 6, "low": 6, "high": 6}


def test_budgets_share_a_teacher_and_force_makes_it_again(done):
    done.change(put("budgets", "full", {"seeds": 1}))
    before = len(done.steps())
    done.done("budget=full", "overrides=['mode=good']")  # what is said of the cells leaves the teacher as it is
    assert "teacher" not in done.cells(before)
    before = len(done.steps())
    done.done("budget=full", "force=true")
    assert done.cells(before)["teacher"] == 1


def test_a_budget_and_the_command_line_may_change_a_teacher(project):
    project.change(put("budgets", "full", {"seeds": 2, "overrides": ["steps=2"], "prepare": ["steps=3"]}))
    runs = load(project.file).prepared("full", ["trainer=gpu", "data.root=there", "+trainer.x=1", "debug=fast"])
    assert [(run.cell, run.seed) for run in runs] == [("teacher", 0), ("teacher", 1)]
    project.change(put("base", ["weights={teacher}"]))
    project.change(put("cells", "low", ["weights=null"]))
    assert [run.needs for run in load(project.file).runs("full")[:3]] == [[], ["teacher"], ["teacher"]]
    said = ["trainer=gpu", "data.root=there", "+trainer.x=1", "debug=fast"]
    assert runs[0].overrides == [*TEACHER, "steps=3", *said]  # it begins as the cells do: a stage of the same training
    project.change(put("base", ["quality=0.1"]))  # another training, on other data
    runs = load(project.file).prepared("full", said)
    assert runs[0].overrides == [*TEACHER, "steps=3", "trainer=gpu", "+trainer.x=1", "debug=fast"]


def test_results_stay_where_logs_were_moved_and_the_teacher_is_gone(done):
    steps = done.steps()
    (done.folder / "logs").rename(done.folder / "elsewhere")
    assert "9/9 runs done" in done.done("log_dir=elsewhere") and done.steps() == steps
    shutil.rmtree(done.folder / "elsewhere/ablation/stub/prepared")
    assert "9/9 runs done" in done.done("log_dir=elsewhere") and done.steps() == steps


def test_a_teacher_that_fails_costs_those_that_start_from_it(project):
    project.change(put("prepare", "teacher", [*TEACHER, "mode=diverge"]))
    failed = project.reproduce()
    assert failed.returncode == 1 and "Traceback" not in failed.stderr
    lines = [line for line in failed.stderr.splitlines() if line]
    assert lines[0] == "failed: teacher seed 0: the loss is not finite at step 7" and len(lines) == 9
    assert "failed: high seed 2: it needs teacher of seed 2, which has no result" in lines
    assert project.states() == {"finished": 3, "failed": 6} and "3 failed" not in failed.stdout
    text = (project.report / "report.md").read_text()
    assert "incomplete" in text and "it needs teacher of seed 0" in text
    project.change(put("prepare", "teacher", TEACHER))
    project.done()


def test_killed_while_the_teacher_learns_and_continued(project):
    project.change(put("prepare", "teacher", [*TEACHER, "steps=5"]))
    half = project.interrupt(4, signal.SIGKILL)
    assert 4 <= len(half) < 15 and all(line.startswith("teacher") for line in half)
    project.done()
    repeated = [line for line, times in Counter(project.steps()).items() if times > 1]
    assert len(repeated) <= 2 and sum(line.startswith("teacher") for line in set(project.steps())) == 15


def test_a_mistake_in_what_is_prepared_is_said_before_anything_runs(project):
    assert "{teachr} is not among" in error_line(project.reproduce("overrides=['weights={teachr}']"))
    project.change(put("prepare", "teacher", [*TEACHER, "qualty=1"]))
    assert "did you mean 'quality'" in error_line(project.reproduce())
    assert not project.steps()


def test_what_is_prepared_may_need_what_was_prepared_before_it(done):
    done.change(put("prepare", "student", [*TEACHER, "weights={teacher}"]))
    done.change(put("cells", "high", ["weights={student}"]))
    before = len(done.steps())
    done.done()
    reads = [line.split(" reads ") for line in done.steps()[before:] if " reads " in line]
    assert [(cell.split("_")[0], other.split("_")[0]) for cell, other in reads] == [("student", "teacher")] * 3 + [
        ("high", "student")
    ] * 3
    assert done.cells(before).keys() == {"student", "high"}
