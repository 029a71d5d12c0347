"""Rounds of seeds until claims are decided; pilots, tuning, registration, published rows: on an experiment of milliseconds."""

import json
import shutil

import pytest
from commands import error_line
from stub_project import Project, put

from ablate.ablation.engine.code import CODE_DIGITS, code_version
from ablate.ablation.engine.plan import PlannedRun
from ablate.ablation.judge import published
from ablate.ablation.judge.results import read_csv, read_row
from ablate.ablation.spec.read import load

pytestmark = pytest.mark.slow
LOOKS = {"seeds": [3, 5, 7], "weights": [0.2, 0.3, 0.5]}


def with_an_open_claim(project):
    """The stub with looks, and a cell that is like `high`: a claim about both stays open."""
    project.change(put("looks", LOOKS))
    project.change(put("cells", "same", ["quality=0.8", "steps=2"]))
    claim = {"statement": "Equal.", "source": "section 3", "metric": "test/score", "contrast": {"minus": ["same", "high"]}}
    project.change(put("claims", "open", {**claim, "direction": "greater", "least_effect": 0.001}))


@pytest.fixture
def project(project):
    with_an_open_claim(project)
    return project


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("once"))
    with_an_open_claim(project)
    assert "note:" not in project.done()
    return project


@pytest.fixture
def done(once, tmp_path):
    """The same, all of whose runs are finished."""
    return Project(tmp_path, once)


def seeds(project, cell):
    rows = read_csv(project.report / "results.csv")
    return sorted(row["seed"] for row in rows if row["cell"] == cell)


def test_cells_of_decided_claims_get_no_more_seeds_and_the_same_command_goes_on(project):
    printed = project.done("until=decided", "hours=0.000001")  # a round that does not fit is not begun
    assert "look 2" not in printed and "1 claims are open; the next look, after 5 seeds, would take 4 runs, about 0." in printed
    printed = project.done("until=decided")
    assert "look 1 of 3: seeds 0 to 2; 3 claims are open" in printed and "look 3 of 3: seeds 5 to 6; 1 claims are open" in printed
    assert seeds(project, "low") == seeds(project, "middle") == [0, 1, 2]
    assert seeds(project, "high") == seeds(project, "same") == [0, 1, 2, 3, 4, 5, 6]
    steps = project.steps()
    assert project.done("until=decided") and project.steps() == steps
    shutil.rmtree(next(project.report.glob("runs/smoke/same_seed=4_*")))
    assert project.done("until=decided") and project.cells(len(steps)) == {"same": 2}


def test_hours_and_until_are_checked(project):
    assert "hours=1 needs until=decided" in error_line(project.reproduce("hours=1"))
    assert "until='decide' is unknown; did you mean 'decided'" in error_line(project.reproduce("until=decide"))


def test_a_claim_that_was_changed_is_registered_anew_and_its_old_results_do_not_count(done):
    before, first = len(done.steps()), {row["registration"] for row in read_csv(done.report / "results.csv")}
    done.change(put("claims", "more", "statement", "Other words."))
    assert done.done() and len(done.steps()) == before
    done.change(put("claims", "more", "least_effect", 0.2))
    printed = done.done()
    assert "registered: claims.more.least_effect was 0.05 and is 0.2" in " ".join(printed.split())
    assert len(done.steps()) == 2 * before
    assert not first & {row["registration"] for row in read_csv(done.report / "results.csv")}


def test_a_pilot_forecasts_on_seeds_that_no_answer_uses(project):
    printed = " ".join(project.done("pilot=true", "pilot_seeds=4").split())
    assert {line.split("_seed=")[1][:4] for line in project.steps()} == {"1000", "1001", "1002", "1003"}
    assert "from 4 pilot seeds" in printed and "100%" in printed and "expected to be decided, of 3" in printed
    assert not (project.report / "results.csv").exists() and len(read_csv(project.report / "pilot.csv")) == 16
    assert "note: open will probably stay open:" in " ".join(project.done().split())


def test_rates_are_chosen_for_each_cell_by_validation_on_other_seeds(project):
    project.change(put("tune", {"grid": {"steps": [1, 2]}, "metric": "val/error", "seeds": 2}))
    project.change(put("cells", "low", ["quality=0.2", "bias=0.1"]))
    project.change(put("first_seed", 50))
    project.done()
    assert seeds(project, "low") == [50, 51, 52]
    chosen = json.loads((project.report / "report.json").read_text())["tuned"]
    assert chosen["low"] == ["steps=1"] and chosen["high"] == ["steps=2"]
    tried = read_csv(project.report / "tune.csv")
    assert len(tried) == 4 * 2 * 2 and {row["seed"] for row in tried} == {1000, 1001}
    assert all(row["overrides"][-2] == chosen[row["cell"]][0] for row in read_csv(project.report / "results.csv"))
    project.change(put("tune", "metric", "val/eror"))
    assert "no run of the cell low has a value of val/eror" in error_line(project.reproduce())


def test_published_rows_count_as_done_where_their_hash_is_equal(done, monkeypatch, tmp_path):
    rows = [{**row, "commit": "a" * 40} for row in read_csv(done.report / "results.csv")]
    monkeypatch.setattr(published, "FOLDER", tmp_path / "results")
    path = published.publish(load(done.file, "smoke"), rows)
    assert {row["code"] for row in rows} == {code_version()[:CODE_DIGITS]} and all(row["date"] > "2026" for row in rows)
    again = published.answer(done.file)
    assert again.budget == "smoke" and not again.until_decided and len(again.rows) == len(rows)
    assert again.rows[0]["test/score"] == rows[0]["test/score"] and str(tmp_path) not in path.read_text()
    run = PlannedRun("low", 0, ["quality=0.2"], rows[0]["hash"], tmp_path / "run")
    assert rows[0]["cell"] == "low" and published.adopt([run, run._replace(key="other", folder=tmp_path / "no")], again.rows) == 1
    assert read_row(run.folder)["test/score"] == rows[0]["test/score"] and run.status == "finished"
    done.change(put("claims", "more", "least_effect", 0.2))
    with pytest.raises(published.BadInput, match="were registered for other claims"):
        published.answer(done.file)


def test_rows_of_unknown_or_changed_code_are_not_published(project):
    rows = [{"cell": "low", "seed": 0, "stage": "answer", "budget": "smoke", "commit": "abc+changes"}]
    with pytest.raises(published.BadInput, match="nobody can run again"):
        published.publish(load(project.file, "smoke"), rows)
