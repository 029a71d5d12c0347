"""Predictions of networks of glimpses and of trees, as they are made: what is seen, said and drawn; expressions and brackets."""

import json

import numpy as np
import pytest
import torch
from commands import compose
from omegaconf import OmegaConf
from PIL import Image
from refusals import refusals
from sequence_data import opened_option

from ablate.command.explain.targets import of_picture
from ablate.command.predict.glimpses import transcribe
from ablate.command.predict.pictures import write_labels_of_pictures
from ablate.command.predict.predict import write_trees
from ablate.command.predict.predictor import Predictor
from ablate.command.predict.trees import tree_of
from ablate.data.synthetic.expressions import read_expression
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.tree.tree import parse, parse_words
from ablate.errors import BadInput
from ablate.explanation.gradient import gradient
from ablate.run.build import build

SMALL = ["model.cell.hidden_size=8", "model.glimpse_size=16"]
DIGITS = ["data.num_classes=11", "data.class_names=[a,b,c,d,e,f,g,h,i,j,end]"]
PAIRS = ["experiment=dram_pairs", "data.max_labels=3", "data.image_size=40", "model.scales=2", "model.glimpses=3", *DIGITS, *SMALL]
ONE = ["experiment=ram_digits", "data.max_labels=1", *DIGITS, *SMALL]


def predictor(*words, tokenisers=None):
    torch.manual_seed(0)
    cfg = compose(*words)
    cfg.paths.output = "run"
    task = build(cfg, "task").eval()
    task.config, task.tokenisers = OmegaConf.to_container(cfg, resolve=True), tokenisers or {}
    return Predictor(task)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    Image.effect_noise((40, 40), 80).save(path)
    return path


@pytest.mark.parametrize("words", [PAIRS, ONE, [*ONE[:4], "model=picture_mlp"]], ids=["labels", "glimpses", "whole"])
def test_a_picture_gets_its_labels_and_the_path_over_it(words, picture, tmp_path, capsys):
    one, out = predictor(*words), tmp_path / "out"
    write_labels_of_pictures(one, picture, out)
    size = one.task.trained_on("image_size")
    x = torch.from_numpy(np.array(Image.open(picture).resize((size, size), Image.Resampling.BILINEAR)))[None, None] / 255
    with torch.no_grad():
        logits = one.task.model(x).logits[0]
    (kept,) = map(json.loads, (out / "predictions.jsonl").read_text().splitlines())
    if words is PAIRS:
        said = logits[2::3].argmax(1).tolist()
        assert kept["labels"] == ["abcdefghij"[k] for k in said[: said.index(10) if 10 in said else 3]]
    else:
        assert kept["label"] == one.task.trained_on("class_names")[int(logits[-1].argmax())]
        assert kept["probability"] == pytest.approx(float(logits[-1].softmax(0).max()), rel=1e-4)
    assert (out / "a_glimpses.png").exists() == ("picture_mlp" not in words[-1])
    assert capsys.readouterr().out.startswith("a.png: ")


def test_labels_end_where_the_end_is_said():
    task = predictor(*PAIRS).task
    for said, labels, count in (([3, 10, 4], ["d"], 2), ([10, 1, 1], [], 1), ([1, 2, 3], ["b", "c", "d"], 3)):
        logits = torch.zeros(9, 11)
        logits[[2, 5, 8], said] = 50.0
        found = transcribe(task, logits)
        assert found.labels == labels and found.probability == pytest.approx([1.0] * count)


def test_each_label_of_a_picture_is_explained_after_its_glimpses(picture):
    one = predictor(*PAIRS)
    labels = one.predict(str(picture)).labels
    options = OmegaConf.create({"question": None, "resize": None})
    targets = list(of_picture(one, Image.open(picture), "a.png", None, options))
    assert [each.name for each in targets] == labels
    for i, each in enumerate(targets):
        k = one.task.trained_on("class_names").index(each.name)
        expected = one.task.model(each.x).logits[0, 3 * i + 2, k]
        assert each.score(each.x)[0].item() == pytest.approx(expected.item())
        assert gradient(each.score, each.x).abs().sum() > 0 and each.score.features is None
    with pytest.raises(BadInput, match="target='zz' is not among the labels of a.png"):
        list(of_picture(one, Image.open(picture), "a.png", "zz", options))


@pytest.mark.parametrize("kind, classes", [("arithmetic", list("01234")), ("boolean", ["false", "true"])])
def test_an_expression_is_read_as_it_is_drawn(kind, classes):
    data = opened_option("expressions", dataset__kind=kind, class_names=classes, num_classes=len(classes))
    for i in range(20):
        tree, glue = data.tree(i), "" if kind == "arithmetic" else " "
        for pieces in (tree.text, tree.text[1:-1]):  # without the outer brackets, too
            read = read_expression(glue.join(pieces), "")
            assert (read.words, read.children, read.text) == (tree.words, tree.children, tree.text)


def trees(*words):
    data = opened_option("expressions")
    return predictor(
        "experiment=expressions", f"data.vocabulary_size={len(data.tokenisers['source'])}", *words, tokenisers=data.tokenisers
    )


def sentences(*words):
    tokeniser = Tokeniser(lower=True).fitted([["not", "a", "bad", "film"]])
    options = ["experiment=sst_trees", "data.root=nowhere", f"data.vocabulary_size={len(tokeniser)}", *words]
    return predictor(*options, tokenisers={"source": tokeniser})


def test_the_class_of_a_tree_is_that_of_the_same_tree_in_the_data():
    one, data = trees(), opened_option("expressions", "test")
    batch = data.collate([data[3]])
    with torch.no_grad():
        expected = one.task.model(batch)[batch.root[0]].softmax(0)
    found = one.predict(" ".join(data.tree(3).text))
    assert found.probabilities == pytest.approx({str(k): float(p) for k, p in enumerate(expected)}, abs=1e-6)


def test_brackets_with_and_without_labels_are_the_same_tree_and_words_alone_are_balanced(tmp_path, capsys):
    one = sentences()
    labelled, plain = tree_of(one.task, "(3 (2 Not) (1 (2 a) (0 bad)))"), tree_of(one.task, "(not (a bad))")
    assert (labelled.words, labelled.children) == (plain.words, plain.children) and plain.words[0] == "not"
    words = tree_of(one.task, "not a bad film")
    assert words.children == parse("(0 (0 (0 not) (0 a)) (0 (0 bad) (0 film)))", "").children
    assert len(tree_of(sentences("data.dataset.shape=chain").task, "(not (a bad))").words) == 3
    write_trees(one, "(not (a good))", tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert "has never seen 'good'" in said[0] and (tmp_path / "tree.png").exists()
    (kept,) = map(json.loads, (tmp_path / "predictions.jsonl").read_text().splitlines())
    assert kept["label"] == one.predict("(not (a good))").label and kept["label"] in said[1]


test_what_is_no_tree_is_one_line = refusals(
    (lambda: trees().predict("(1 + 2"), r"input='\(1 \+ 2': at the end a closing bracket, which each operation has, is missing"),
    (lambda: trees().predict("1 + 2 * 3"), "before '\\*' the end, as each operation has brackets of its own, is missing"),
    (lambda: trees().predict("1 2"), "before '2' an operator .* is missing"),
    (lambda: trees().predict("1 +"), "at the end a value or a bracket is missing"),
    (lambda: trees().predict(" "), "is an empty text"),
    (lambda: sentences().predict("(not (a bad)"), "1 brackets are not closed"),
    (lambda: sentences().predict("not a) bad"), "a bracket is closed that was not opened"),
    (lambda: sentences().predict("(not ())"), "brackets hold neither a word nor a child"),
    (lambda: sentences().predict("(3 (2 not) (2 a film))"), "a node has the words 'a film'"),
    (lambda: sentences().predict("zebra"), "has never seen any of it: 'zebra'"),
    (lambda: sentences("model/composition=nary").predict("(not a bad)"), "a node has 3 children, and .* has 2 at most"),
    (lambda: predictor(*ONE, "model.locations=oracle").predict(np.zeros((28, 28))), "looks where the digits are, which a picture"),
    (lambda: parse_words("", "x"), "x: there is no tree"),
)
