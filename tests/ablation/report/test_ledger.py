"""What is published becomes a report elsewhere, tables and headlines; and the tables that stand in the project are its verdicts."""

import re
import runpy
from math import sin

import pytest
import yaml
from commands import ROOT
from refusals import refusals
from stub_project import STUB_ABLATION

from ablate.ablation.judge import published
from ablate.ablation.judge.published import Answer
from ablate.ablation.judge.results import read_csv, write_csv
from ablate.ablation.report import ledger, publish
from ablate.ablation.report.pictures import Pictures
from ablate.ablation.report.report import write_report
from ablate.ablation.spec.read import load
from ablate.errors import BadInput

REPORT = runpy.run_path(str(ROOT / "scripts/report.py"))
MARKERS = "# Before\n<!-- {0}:begin -->\nold\n<!-- {0}:end -->\n## After\n"
LEVELS = {"low": 0.2, "middle": 0.5, "high": 0.8}


class Conf:
    """A conf/ with the stub ablation alone, and both pages."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.file = folder, folder / "conf/ablation/stub.yaml"
        self.page, self.experiments, self.readme = (folder / f"{of}README.md" for of in ("conf/ablation/", "conf/experiment/", ""))
        self.report = folder / "logs/ablation/stub"
        self.file.parent.mkdir(parents=True)
        self.change(lambda given: given["claims"]["more"].update(headline=True))
        self.experiments.parent.mkdir()
        self.page.write_text(MARKERS.format("verdicts"))
        self.experiments.write_text(MARKERS.format("figures"))
        self.readme.write_text(MARKERS.format("headlines"))
        for module in (publish, ledger):
            monkeypatch.setattr(module, "CONF", folder / "conf")
        monkeypatch.setattr(Pictures, "draw", lambda self, figure, name, *_: name)  # tables are what is read here
        monkeypatch.setattr(published, "FOLDER", folder / "conf/ablation/results")
        monkeypatch.chdir(folder)

    def change(self, edit):
        given = yaml.safe_load((self.file if self.file.exists() else STUB_ABLATION).read_text())
        edit(given)
        self.file.write_text(yaml.safe_dump(given, sort_keys=False))

    def answered(self, budget="quick", until_decided=False, gain=1.0, **facts):
        """A report of runs that were never run; `gain` stretches the scores, `facts` are put into its rows."""
        answer, rows = Answer(load(self.file, budget), budget, until_decided, []), []
        for seed in range(answer.design.seeds[0]):
            for cell, level in LEVELS.items():
                score = gain * level + 0.005 * sin((seed + 1) * len(cell))
                row = {"stage": "answer", "budget": budget, "registration": answer.registration, "cell": cell, "seed": seed}
                row |= {"status": "finished", "hash": f"{cell}{seed}", "code": "0123456789", "seconds": 60.0, "device": "cpu"}
                row |= {"commit": "a" * 40, "date": "2026-11-26", "test/score": score, "test/error": 1 - score}
                words = [*answer.ablation.base, *answer.ablation.budgets[budget].overrides, *answer.ablation.cells[cell]]
                rows.append({**row, "overrides": [*words, f"seed={seed}"], "folder": str(self.report / "runs/secret"), **facts})
        write_report(self.report, answer._replace(rows=rows), {"command": "c"})
        return self.report

    def remade(self):
        ledger.remake(ledger.read_ledger(), (self.page, self.experiments, self.readme))
        return self.page.read_text(), self.readme.read_text()


@pytest.fixture
def conf(tmp_path, monkeypatch):
    return Conf(tmp_path, monkeypatch)


def test_a_report_travels(conf):
    file = publish.publish_folder(conf.answered(until_decided=True))
    assert "secret" not in file.read_text() and "0123456789" in file.read_text() and file.read_text().count("\n") == 25
    folder, answer, outcomes = publish.report_published("stub", None, None)
    assert str(folder) == "logs/ablation/stub-published" and answer.until_decided and len(answer.rows) == 24
    assert [outcome.verdict for outcome in outcomes] == ["supported", "refuted"]
    here, there = ((path / "report.md").read_text().split("## Run it")[0] for path in (conf.report, folder))
    assert here == there and "budget=quick until=decided" in (folder / "report.md").read_text()
    again = publish.publish_folder(folder).read_text()
    assert again == file.read_text()


def test_pilots_and_what_was_tried_are_published_too(conf):
    conf.change(lambda given: given.update(tune={"grid": {"lr": [1, 2]}, "metric": "val/score", "better": "maximise", "seeds": 1}))
    folder = conf.answered()
    rows = read_csv(folder / "results.csv")
    tried = [{**rows[0], "stage": "tune", "cell": f"{c}@{i}", "seed": 1000, "val/score": i} for c in LEVELS for i in range(2)]
    write_csv(folder / "tune.csv", tried, folder)
    write_csv(folder / "pilot.csv", [{**row, "stage": "pilot", "seed": 1000 + row["seed"]} for row in rows], folder)
    publish.publish_folder(folder)
    assert sorted({row["stage"] for row in published.read_published("stub")}) == ["answer", "pilot", "tune"]
    made = publish.report_published("stub", "quick", conf.folder / "elsewhere")[0]
    assert "| `low` | `lr=2` |" in (made / "report.md").read_text()


def test_the_tables_say_what_is_published(conf):
    conf.change(lambda given: given["claims"]["less"].update(exploratory=True))
    conf.change(lambda given: given["budgets"].update(full={"seeds": 6}))
    page, readme = conf.remade()
    assert page.startswith("# Before\n") and page.endswith("## After\n") and "- **stub**: Is more better?" in page
    assert "No headline is answered yet." in readme and "old" not in page + readme
    publish.publish_folder(conf.answered("quick", gain=-1.0))
    publish.publish_folder(conf.answered("full"))
    page, readme = conf.remade()
    row = r"\| ✔ supported \| More is better. \(section 1\) \| test/score \| \+0.29\d+ \[.*\]<br>.* \| > 0.05 \| 6 \| ✘ refuted \|"
    assert re.search(row, page) and "of 1 it says the same of 0, leaves 0 open and says otherwise of 1 (`more`)" in page
    assert "Not answered" not in page and re.search(r"\| The high one errs more. \(section 2\) \| test/error \| -0.59", page)
    for fact in ("Budget `full`. Fixed design", "after 6 seeds", "commit aaaaaaaaaa, code 0123456789, cpu, 2026-11-26"):
        assert fact in page
    assert re.search(r"\| ✔ supported \| More is better. \| .* \| stub \|", readme) and "errs" not in readme
    conf.change(lambda given: given["claims"]["more"].update(least_effect=0.04))
    page, readme = conf.remade()
    assert "(What is published was registered for other claims.)" in page and "No headline is answered yet." in readme


def test_published_figures_stand_beside_ours(conf):
    figure = {"statement": "High is as in the paper.", "source": "table 1", "metric": "test/score", "direction": "greater"}
    figure |= {"contrast": {"cell": "high", "bound": 0.9}, "least_effect": 0, "exploratory": True, "protocol": "ours is smaller"}
    conf.change(lambda given: given["claims"].update(figure=figure))
    conf.remade()
    assert "No published figure is compared yet." in conf.experiments.read_text()
    publish.publish_folder(conf.answered())
    conf.remade()
    row = r"\| High is as in the paper. \(table 1\) \| test/score \| 0.9 \| 0.80\d* ± 0.00\d+ \| -0.09\d+ \[.*\] \| 5 \| 60 s \|"
    assert re.search(row + r" ours is smaller \| stub \|", conf.experiments.read_text())
    for change in (
        {"exploratory": False},
        {"contrast": {"minus": ["high", "low"]}},
        {"contrast": {"each": ["high", "low"], "bound": 1}},
    ):
        conf.change(lambda given, change=change: given["claims"].update(figure=figure | change))
        with pytest.raises(BadInput, match="protocol is of a published figure"):
            conf.remade()


def test_neither_page_is_written_if_one_cannot_be(conf):
    conf.readme.write_text("no markers")
    with pytest.raises(BadInput, match="headlines:begin"):
        conf.remade()
    assert conf.page.read_text() == MARKERS.format("verdicts")


def test_headlines_have_room_for_fifteen(conf):
    conf.change(lambda given: given["claims"].update({f"c{i}": dict(given["claims"]["more"]) for i in range(15)}))
    with pytest.raises(BadInput, match="16 claims are marked"):
        conf.remade()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"commit": "a" * 40 + "+changes"}, "nobody can run again"),
        ({"status": "failed"}, "without a finished run"),
        ({"registration": "another"}, "registered for other claims"),
        ({"overrides": ["quality=0.9", "seed=0"]}, "ran with quality=0.9, which the ablation's file does not have"),
    ],
)
def test_what_is_not_published(conf, facts, words):
    with pytest.raises(BadInput, match=words):
        publish.publish_folder(conf.answered(**facts))
    assert not published.FOLDER.exists()


def test_claims_that_changed_are_not_published(conf):
    with pytest.raises(BadInput, match="budget=smoke, which answers nothing"):
        publish.publish_folder(conf.answered("smoke"))
    folder = conf.answered()
    conf.change(lambda given: given["claims"]["more"].update(least_effect=0.04))
    with pytest.raises(BadInput, match=r"other claims than those that stub.yaml has now"):
        publish.publish_folder(folder)


def test_what_is_not_there_cannot_be_reported(conf):
    with pytest.raises(BadInput, match="has no published results"):
        publish.report_published("stub", None, None)
    publish.publish_folder(conf.answered("quick"))
    with pytest.raises(BadInput, match=r"no published results at budget=smoke .*: quick"):
        publish.report_published("stub", "smoke", None)
    with pytest.raises(BadInput, match="did you mean 'quick'"):
        publish.report_published("stub", "quik", None)
    with pytest.raises(BadInput, match="did you mean 'stub'"):
        publish.report_published("stud", None, None)
    (conf.report / "runs").mkdir()
    with pytest.raises(BadInput, match="holds runs of its own"):
        publish.report_published("stub", None, conf.report)
    path = published.FOLDER / "stub.csv"
    path.write_text(path.read_text()[:-3])
    with pytest.raises(BadInput, match="empty or cut"):
        conf.remade()


test_wrong_words = refusals(
    ([], "give one of"),
    (["--all", "logs"], "give one of"),
    (["ablation=upsampling", "--publish"], "--publish does not belong to ablation=NAME"),
    (["--all", "--by", "seed"], "--by does not belong to --all"),
    (["src", "budget=quick"], "budget does not belong to a folder"),
    (["src", "--publish", "--by", "x"], "--publish does not belong to --by"),
    (["ablaton=upsampling"], "did you mean 'ablation'"),
    (["ablation="], "ablation= is empty"),
    (["src", "--readme"], "unrecognized arguments: --readme"),
    (["nowhere"], "nowhere is not a folder"),
    of=lambda words: REPORT["parsed"](words),
)


@pytest.mark.slow
def test_the_published_tables_are_the_verdicts_of_the_published_results():
    """If it fails: python scripts/report.py --all."""
    entries = ledger.read_ledger()
    assert ledger.pages(entries) == {path: path.read_text() for path in ledger.PAGES}
    assert len(ledger.README.read_bytes()) <= 12 * 1024, "README.md is too long: fewer or shorter headlines"


def test_a_published_verdict_that_is_edited_is_found(conf):
    publish.publish_folder(conf.answered())
    page, _ = conf.remade()
    conf.page.write_text(page.replace("✔ supported", "✘ refuted"))
    again = ledger.between(conf.page, "verdicts", ledger.tables(ledger.read_ledger()))
    assert again != conf.page.read_text() and again == page


def test_published_results_name_commits_without_changes_and_no_path():
    for path in published.FOLDER.glob("*.csv"):
        rows = read_csv(path)
        assert all(re.fullmatch(r"[0-9a-f]{40}", row["commit"]) for row in rows), path
        assert not {"folder"} & {key for row in rows for key in row} and str(ROOT) not in path.read_text()
