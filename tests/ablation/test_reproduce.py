"""The whole of it on an experiment of milliseconds: continue, fail, kill, two at once, wrong files."""

import io
import os
import re
import shutil
import signal
from collections import Counter
from importlib.util import find_spec
from math import isfinite

import pytest
import yaml
from commands import error_line, script, succeed
from rich.console import Console
from stub_project import STUB_ABLATION, put
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ablate.ablation.engine.plan import PlannedRun
from ablate.ablation.engine.runner import progress
from ablate.ablation.judge.results import read_csv
from ablate.files import write_json
from ablate.run import folder as run_folder

pytestmark = pytest.mark.slow


def with_steps(count):
    return put("base", ["diary=${oc.env:STUB_DIARY}", f"steps={count}"])


def test_once_again_after_a_change_and_by_force(project):
    printed = project.done("hydra/launcher=joblib")
    assert len(project.steps()) == 9 and project.states() == {"finished": 9}
    assert all(text in printed for text in ("✔ supported", "✘ refuted", "tensorboard --logdir", "9/9 runs done"))
    for name in ("results.csv", "report.md", "report.html", "figures/claims.png", "figures/curve_val_score.png"):
        assert (project.report / name).stat().st_size > 0
    assert project.done() and len(project.steps()) == 9
    project.change(put("cells", "middle", ["quality=0.6"]))
    assert project.done() and project.cells(9) == {"middle": 3}
    assert project.done("force=true") and len(project.steps()) == 21
    assert re.search(r"`middle` \| 0\.5[89]", (project.report / "report.md").read_text())


def test_a_run_that_fails_costs_only_itself(project):
    for cell, mode in [("low", "crash"), ("middle", "diverge"), ("high", "memory")]:
        project.change(put("cells", f"bad_{cell}", ["quality=0.3", f"mode={mode}"]))
    claim = {"statement": "Bad is best.", "source": "section 3", "metric": "test/score", "contrast": {"minus": ["bad_*", "low"]}}
    project.change(put("claims", "bad", {**claim, "direction": "greater", "least_effect": 0.1}))
    done = project.reproduce()
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert project.states() == {"finished": 9, "failed": 9}, done.stderr
    assert "failed: bad_low seed 0: RuntimeError: a fault" in done.stderr
    assert "failed: bad_middle seed 1: the loss is not finite at step 7" in done.stderr
    assert "failed: bad_high seed 2: killed by SIGKILL" in done.stderr
    text = (project.report / "report.md").read_text()
    assert "incomplete" in text and "the last words of a run" in text and "✔ supported" in text


def test_the_line_counts_a_failure_once_it_has_happened_again(tmp_path):
    run, console = PlannedRun("low", 0, [], "key", tmp_path), Console(file=io.StringIO())
    write_json(tmp_path / "run.json", {"status": "failed"})
    os.utime(tmp_path / "run.json", (0, 0))
    with progress([run], [run], console):
        pass
    with progress([run], [run], console):
        run_folder.update(tmp_path, status="failed")
    before, after = console.file.getvalue().splitlines()
    assert "0 failed, time left not known" in before and "1 failed, in 0:00:00" in after


@pytest.mark.parametrize("what", ["worker", "server"])
def test_a_process_that_is_killed_does_not_take_the_others_with_it(project, what):
    project.change(put("cells", "low", ["quality=0.2", f"mode={what}"]))
    project.change(put("budgets", "smoke", "seeds", 1))
    assert project.done("hydra/launcher=joblib", "hydra.launcher.n_jobs=2") and project.states() == {"finished": 3}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_and_continued(project, how):
    project.change(with_steps(5))
    half = project.interrupt(8, how)
    assert 8 <= len(half) < 45
    assert project.done() and project.states() == {"finished": 9}
    # No step that a checkpoint had kept was done twice; of each run that was stopped, at most the one under way.
    repeated = [line for line, times in Counter(project.steps()).items() if times > 1]
    assert len(repeated) <= 2 and set(project.steps()) >= set(half) and len(set(project.steps())) == 45


def test_two_at_once_do_every_run_once(project):
    project.change(with_steps(3))
    both = [project.start("hydra/launcher=basic"), project.start("hydra/launcher=basic")]
    for process in both:
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert Counter(Counter(project.steps()).values()) == {1: 27}


def test_a_mistake_is_one_line_before_anything_runs(project):
    project.change(put("cells", "low", ["qualty=0.9"]))
    assert "did you mean 'quality'" in error_line(project.reproduce())
    project.change(put("claims", "more", "metric", "test/scor"))
    assert "did you mean 'test/score'" in error_line(project.reproduce())
    assert not project.steps()


def test_an_unknown_ablation_or_budget_is_one_line(project):
    assert "did you mean 'upsampling'" in error_line(project.reproduce("ablation=upsamplin"))
    assert "did you mean 'quick'" in error_line(project.reproduce("budget=quik"))
    assert "did you mean 'joblib'" in error_line(project.reproduce("hydra/launcher=joblb"))


@pytest.mark.parametrize("name", ["submitit", "submitit_local", "ray"])
def test_a_launcher_without_its_package_is_one_line(project, name):
    package = f"hydra-{name.split('_')[0]}-launcher"
    if find_spec(f"hydra_plugins.{package.replace('-', '_')}"):
        pytest.skip(f"{package} is installed")
    assert f"pip install {package}==" in error_line(project.reproduce(f"hydra/launcher={name}"))


def test_a_metric_that_no_run_will_have(tmp_path):
    (tmp_path / "ablation").mkdir()
    given = yaml.safe_load(STUB_ABLATION.read_text())
    given["metrics"], given["base"] = {"test/miuo": "maximise"}, []
    for claim in given["claims"].values():
        claim["metric"] = "test/miuo"
    given["cells"] = {"low": ["seed=1"], "middle": ["seed=2"], "high": ["seed=3"]}
    (tmp_path / "ablation/wrong.yaml").write_text(yaml.safe_dump(given))
    words = ["--config-dir", str(tmp_path), "ablation=wrong", "budget=smoke", "hydra/launcher=basic"]
    line = error_line(script("reproduce", *words, cwd=tmp_path))
    assert "metric='test/miuo' is unknown; did you mean 'test/miou'" in line


def test_trained_networks_become_a_report(tmp_path, camvid):
    words = ["ablation=class_balance", "budget=smoke", f"data.root={camvid}", "trainer.max_epochs=2", "hydra/launcher=basic"]
    succeed("reproduce", *words, cwd=tmp_path)
    folder = tmp_path / "logs/ablation/class_balance"
    rows = read_csv(folder / "results.csv")
    assert len(rows) == 4 and all("trainer.max_epochs=2" in row["overrides"] for row in rows)
    metrics = ("miou", "class_accuracy", "global_accuracy", "boundary_f1")
    assert all(isfinite(row[f"test/{metric}"]) for row in rows for metric in metrics)
    figures = {path.stem for path in (folder / "figures").iterdir()}
    plots = {f"{kind}_{metric}" for metric in metrics for kind in ("points_test", "curve_val")}
    assert {"claims", "effects", "pictures", *plots} == figures  # pictures: the grid of all cells
    events = EventAccumulator(str(folder / "report"), {"images": 0}).Reload()
    assert set(events.Tags()["images"]) == {f"ablation/{name}" for name in figures}
    mistaken = error_line(script("reproduce", *words[:2], "data.rot=nowhere", "hydra/launcher=basic", cwd=tmp_path))
    assert "did you mean 'data.root'" in mistaken


def test_the_report_is_made_again_from_its_results(project):
    project.done("budget=quick")
    before = (project.report / "report.md").read_text()
    words = ["--by", "quality", "--metric", "test/score"]
    line = error_line(script("report", str(project.report), *words, cwd=project.folder))
    assert "give its runs" in line and "runs/BUDGET (quick)" in line
    assert script("report", str(project.report / "runs/quick"), *words, cwd=project.folder).returncode == 0
    assert "| `0.8` | **0.80" in (project.report / "runs/quick/report.md").read_text()
    for name in ("runs", "report"):
        shutil.rmtree(project.report / name)
    for path in (project.report / "report.md", project.report / "report.html"):
        path.unlink()
    done = succeed("report", str(project.report), cwd=project.folder)
    after = (project.report / "report.md").read_text()  # without what only the runs' folders hold
    assert after.split("## Run it")[0] == before.split("## Effects over")[0]
    assert "✔ supported" in done.stdout and list((project.report / "report").glob("events*"))
    wrong = error_line(script("report", str(project.folder), cwd=project.folder))
    assert "holds no report" in wrong and "--by" in wrong
