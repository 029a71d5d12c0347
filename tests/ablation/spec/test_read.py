"""Every ablation of conf/ loads and composes; a wrong file is refused in one line."""

import re

import pytest
import yaml
from commands import ROOT, composed
from stub_project import STUB_ABLATION, TEACHER, put, with_teacher

from ablate.ablation.reproduce import check_metrics
from ablate.ablation.spec.read import load
from ablate.errors import BadInput
from ablate.run.train import metric_tags

ABLATIONS = [path.stem for path in sorted((ROOT / "conf/ablation").glob("*.yaml"))]


@pytest.mark.slow
@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_loads_and_every_cell_composes(name, tmp_path):
    path = ROOT / f"conf/ablation/{name}.yaml"
    ablation = load(path)
    assert ablation.name == name and f"reproduce.py ablation={name}" in path.read_text().splitlines()[0]
    assert set(ablation.budgets) == {"smoke", "quick", "full", "gpu"}
    files, composed_cells = dict.fromkeys(ablation.prepare, "file"), {}
    for i, budget in enumerate(ablation.budgets):
        for run in ablation.prepared(budget)[: len(ablation.prepare)]:
            composed("train", tmp_path, *run.fill_in(files))
        runs = ablation.runs(budget)[: len(ablation.cells)]
        for run in runs[i % len(runs) :: 4]:  # every cell, at some budget
            composed_cells[run.cell] = composed("train", tmp_path, *run.fill_in(files))
    assert {*ablation.cells} == {*composed_cells}
    check_metrics(ablation, lambda cell: metric_tags(composed_cells[cell]))


def drop(*keys):
    def edit(given):
        for key in keys[:-1]:
            given = given[key]
        del given[keys[-1]]

    return edit


def check_refused(given, edit, message):
    edit(given)
    with pytest.raises(BadInput, match=re.escape(message)):
        load(given)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("claims", "more", "contrast", {"minus": ["high", "midle"]}), "there is no cell 'midle'; did you mean 'middle'"),
        (put("claims", "more", "metric", "test/scor"), "did you mean 'test/score'"),
        (put("cells", "alone", ["quality=0.9"]), "no claim names the cell 'alone'"),
        (put("claims", "more", "direction", "more"), "direction='more' is unknown"),
        (put("claims", "more", "least_effect", "much"), "least_effect='much' must be"),
        (put("budgets", "smoke", "seeds", 0), "seeds=0 must"),
        (put("budgets", "tiny", {"seeds": 1}), "budget='tiny' is unknown"),
        (put("claim", {}), "the key 'claim' is unknown; did you mean 'claims'"),
        (drop("question"), "question is missing"),
        (drop("claims", "more", "source"), "source is missing"),
        (put("cells", "twin", ["quality=0.2"]), "have the same overrides"),
        (put("claims", "more", "scale", "lin"), "scale='lin' is unknown"),
        (put("claims", "more", "test", "sing"), "test='sing' is unknown; did you mean 'sign'"),
        (put("claims", "more", "exploratory", "yes"), "exploratory and headline must be true or false"),
        (put("claims", "more", "if_missing", "worst"), "if_missing=worst needs a worst value of its metric"),
        (put("claims", "less", "scale", "log"), "least_effect=0.0 is a factor"),
        (put("claims", "more", "contrast", {"each": [["high", "low"], ["middle"]]}), "must be a list of 2"),
        (put("first_seed", -1), "first_seed=-1 must be"),
        (put("looks", {"seeds": [8, 4], "weights": [0.5, 0.5]}), "seeds=[8, 4] must grow"),
        (put("looks", {"seeds": [4, 8], "weights": [0.5, 0.6]}), "must sum to one"),
        (put("budgets", "quick", "cells", ["hihg"]), "budget quick: there is no cell 'hihg'; did you mean 'high'"),
        (put("budgets", "quick", "cells", ["low", "high"]), "budget quick, claim more: there is no cell 'middle'"),
    ],
)
def test_a_wrong_file_is_one_line(edit, message):
    check_refused(yaml.safe_load(STUB_ABLATION.read_text()), edit, message)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("cells", "low", ["weights={teachr}"]), "low: {teachr} is not among what is prepared; did you mean 'teacher'"),
        (put("prepare", {}), "low: {teacher} is not among what is prepared"),
        (put("prepare", "more", TEACHER), "no cell uses what is prepared, by KEY={more}"),
        (put("prepare", "teacher", [*TEACHER, "weights={teacher}"]), "teacher: {teacher} is not among what is prepared"),
        (put("budgets", "full", {"seeds": 1, "overrides": ["x={teachr}"]}), "low: {teachr} is not among what is prepared"),
        (put("prepare", "teacher", "quality"), "prepare teacher='quality' must be a list of overrides"),
        (put("prepare", "a/b", TEACHER), "prepare='a/b' may have only letters"),
        (put("budgets", "smoke", "prepare", "steps"), "budget smoke='steps' must be a list of overrides"),
    ],
)
def test_a_wrong_preparation_is_one_line(edit, message):
    given = yaml.safe_load(STUB_ABLATION.read_text())
    with_teacher(given)
    check_refused(given, edit, message)


def test_a_budget_may_have_fewer_cells_and_patterns_mean_those():
    given = yaml.safe_load(STUB_ABLATION.read_text())
    del given["claims"]["more"]
    given["claims"]["less"]["contrast"] = {"minus": ["high", "*"]}
    given["budgets"]["quick"]["cells"] = ["low", "high"]
    assert load(given).claims[0].cells == ["high", "low", "middle"]
    assert list(load(given, "quick").cells) == ["low", "high"] and load(given, "quick").claims[0].cells == ["high", "low"]
