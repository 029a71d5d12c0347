"""Explanations from checkpoints of every task that has them: the files, the words, and what is refused."""

import json
import re

import numpy as np
import pytest
import torch
from commands import TINY, composed
from PIL import Image
from refusals import refusals
from short_runs import PAIRS, PICTURES, SHORT, STORIES, on_demand

from ablate.cli.command import quoted
from ablate.command.explain import sanity
from ablate.command.explain.explain import explain as explaining
from ablate.command.explain.page import explanation_page
from ablate.errors import BadInput
from ablate.explanation.gradient import gradient
from ablate.explanation.target import class_over
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("explanation")]  # the trained runs are for all
TEXTS = ("checkpoint", "input", "output", "question", "target")
RUNS = {
    "segmenter": [*TINY, "trainer.max_epochs=1", "logger=none", "data.image_size=32"],
    "pooled": [*TINY, "trainer.max_epochs=1", "logger=none", "model.encoder.downsample=avg_pool"],
    "captions": [*PICTURES, "data=scene_captions", "task=captioning", "model=captioner", "model.search.max_length=5"],
    "scenes": [*PICTURES, "data=scene_questions", "task=question_answering", "model=question_answering"],
    "stories": [*SHORT, *STORIES],
    "names": ["experiment=names", "debug=fast", "model.cell.hidden_size=8", "logger=none", "~callbacks.progress"],
    "copy": [*PAIRS, "data=copy_pairs", "data.dataset.reverse=true", "model.search.max_length=9"],
    "adding": ["experiment=adding", "debug=fast", "logger=none"],
    "digits": ["experiment=ram_digits", "debug=fast", "trainer.check_val_every_n_epoch=1", "logger=none"],
    "stdlib": ["experiment=copy_memory", "debug=fast", "logger=none"],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Name -> checkpoint."""
    return on_demand(tmp_path_factory.mktemp("runs"), RUNS)


@pytest.fixture
def explain(runs, tmp_path, capsys):
    """What `explain.py` prints, in this process; files are in `tmp_path`/out."""

    def call(name, *words):
        words = [f"checkpoint={runs(name)}", f"output={tmp_path}/out", *words]
        capsys.readouterr()
        explaining(composed("explain", tmp_path / "out", *(quoted(word, TEXTS) for word in words)))
        return capsys.readouterr().out.splitlines()

    return call


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a, b's.png"
    Image.effect_noise((32, 32), 80).convert("RGB").save(path)
    return path


def noted(folder):
    return [json.loads(line) for line in (folder / "out/explanations.jsonl").read_text().splitlines()]


def test_a_segmenter_explains_each_class_that_it_finds_over_the_pixels_that_it_finds_of_it(runs, explain, picture, tmp_path):
    explain("segmenter", f"input={picture}")
    task = load_task(read_checkpoint(runs("segmenter")), "best.ckpt")
    x = torch.from_numpy(np.array(Image.open(picture))).permute(2, 0, 1)[None].float() / 255
    label, names = task.model(x).argmax(1), task.trained_on("class_names")
    found = noted(tmp_path)
    assert [line["target"] for line in found] == [names[i] for i in label.unique().tolist()]
    for line in found:
        k = names.index(line["target"])
        expected = gradient(class_over(task.model, k, label == k), x)[0]
        np.testing.assert_allclose(np.load(tmp_path / "out" / line["array"]), expected.numpy(), rtol=1e-4, atol=1e-7)
        assert line["score"] == pytest.approx(float(task.model(x)[0, k][label[0] == k].mean().detach()), rel=1e-4)
        assert Image.open(tmp_path / "out" / line["overlay"]).size == (32, 32)


def test_a_pixel_is_explained_by_the_pixels_that_the_network_sees_around_it(explain, picture, tmp_path):
    explain("segmenter", f"input={picture}", "target=30,2", "explanation=smooth_gradient", "explanation.samples=3")
    (line,) = noted(tmp_path)
    seen = np.abs(np.load(tmp_path / "out" / line["array"])).max(0)
    assert line["target"].endswith(" at 30,2") and seen[2, 30] > 0 and seen[-1, 0] == 0
    assert seen.argmax() % 32 > 15 and seen.argmax() // 32 < 17  # x before y


@pytest.mark.parametrize("method", ["gradient", "grad_cam", "guided", "deconvnet", "occlusion explanation.window=8"])
def test_every_word_of_a_caption_and_every_answer(method, explain, picture, tmp_path):
    (words, _) = explain("captions", f"input={picture}", *(given := f"explanation={method}".split()))
    words = words.split(": ", 1)[1].split(", ")
    assert [line["target"] for line in noted(tmp_path)] == words
    arrays = [np.load(tmp_path / "out" / line["array"]) for line in noted(tmp_path)]
    assert all(array.shape == (3, 16, 16) and np.isfinite(array).all() for array in arrays)
    assert any(not np.array_equal(arrays[0], array) for array in arrays[1:])
    explain("captions", f"input={picture}", *given, f"target={words[0]}", f"output={tmp_path}/again")
    explain("scenes", f"input={picture}", *given, "question=is there a red ring ?", "target=no")
    assert noted(tmp_path)[-1]["target"] == "no"


def test_words_of_a_text_are_coloured_and_their_parts_sum_up(runs, explain, tmp_path, capsys):
    lines = explain("names", "input=<b>Ada, Li", "explanation=integrated_gradients", "explanation.steps=100")
    (line,) = noted(tmp_path)
    page = (tmp_path / "out/integrated_gradients.html").read_text()
    spans = re.findall(r'<span title="[^"]+" style="background:rgb\(\d+, \d+, \d+\)">(.*?)</span>', page)
    assert "".join(spans).replace("&lt;", "<").replace("&gt;", ">") == "".join(line["tokens"]) == "<b>Ada, Li"
    parts = np.load(tmp_path / "out" / line["array"])
    task = load_task(read_checkpoint(runs("names")), "best.ckpt")
    tokens = torch.tensor([task.tokenisers["source"].vocabulary.encode(line["tokens"])])
    lengths = torch.tensor([tokens.shape[1]])
    k = task.trained_on("class_names").index(line["target"])
    with torch.no_grad():
        after = float(task.model(tokens, lengths)[0, k])
        before = float(task.model(torch.zeros_like(tokens), lengths)[0, k])  # padding's row of zeros
    assert line["score"] == pytest.approx(after, rel=1e-4) and len(parts) == len(line["tokens"])
    assert parts.sum() == pytest.approx(after - before, rel=0.02, abs=1e-4)
    assert lines[0 if "never seen" not in lines[0] else 1].startswith(line["target"])


def test_words_of_a_translation_of_a_story_and_steps_of_numbers(explain, tmp_path):
    explain("copy", "input=a3 a1 a2", "explanation=input_x_gradient")
    found = noted(tmp_path)
    assert all(line["tokens"] == ["a3", "a1", "a2"] for line in found) and len(found) >= 1
    explain("stories", "input=mary moved to the bathroom .", "question=where is mary ?")
    assert noted(tmp_path)[-1]["tokens"] == "mary moved to the bathroom .".split()
    np.save(tmp_path / "numbers.npy", np.random.default_rng(0).random((12, 2)))
    explain("adding", f"input={tmp_path}/numbers.npy", "explanation=occlusion")
    last = noted(tmp_path)[-1]
    assert last["target"] == "the number" and np.load(tmp_path / "out" / last["array"]).shape == (12, 2)


def test_a_reversed_source_gets_its_words_back_in_order(explain, tmp_path):
    """The last symbol, replaced by another, changes its own part."""
    parts = []
    for i, text in enumerate(("a1 a2 a3 a4", "a1 a2 a3 a5")):
        explain("copy", f"input={text}", "explanation=occlusion", f"output={tmp_path}/{i}/out")
        line = noted(tmp_path / str(i))[0]
        parts.append(np.load(tmp_path / str(i) / "out" / line["array"]))
    changed = np.abs(parts[0] - parts[1]).max(1)
    assert changed[3] > 0


def test_a_network_of_glimpses(explain, tmp_path):
    Image.effect_noise((28, 28), 80).save(tmp_path / "digit.png")
    explain("digits", f"input={tmp_path}/digit.png", "target=3")
    (line,) = noted(tmp_path)
    seen = np.load(tmp_path / "out" / line["array"])
    assert line["target"] == "3" and seen.shape == (1, 28, 28) and 0 < (seen != 0).mean() < 1


def test_a_folder_goes_on_where_one_picture_has_no_such_target(explain, picture, tmp_path):
    small = tmp_path / "small.png"
    Image.effect_noise((30, 30), 80).convert("RGB").save(small)
    lines = explain("segmenter", f"input={tmp_path}", "target=31,31")
    assert any("target=31,31 lies outside of small.png: X from 0 to 29, Y from 0 to 29" in line for line in lines)
    assert len(noted(tmp_path)) == 1
    with pytest.raises(BadInput, match="holds a, b's_.* already"):
        explain("segmenter", f"input={picture}", "target=31,31")


def test_a_large_picture_is_seen_at_the_size_of_the_training_and_its_pixel_with_it(explain, tmp_path):
    Image.effect_noise((128, 96), 80).convert("RGB").save(tmp_path / "large.png")
    lines = explain("segmenter", f"input={tmp_path}/large.png", "target=127,95")
    assert lines[0].startswith("large.png is 96×128: the network sees it at 32×32")
    (line,) = noted(tmp_path)
    seen = np.abs(np.load(tmp_path / "out" / line["array"])).max(0)
    assert line["target"].endswith(" at 127,95") and seen.shape == (32, 32) and seen[31, 31] > 0 and seen[0, 0] == 0


def test_a_page_shows_all_methods_that_a_network_can_have_side_by_side(runs):
    titles = [[axes.get_title() for axes in explanation_page(str(runs(name))).axes] for name in ("pooled", "captions")]
    shown = ["gradient", "input x gradient", "smooth gradient", "integrated gradients", "guided", "grad cam", "occlusion"]
    assert titles[0][1:8] == shown  # without switches no deconvnet
    assert titles[1][1:10] == [*shown[:4], "deconvnet", *shown[4:], "attention"] and titles[1][11:20] == titles[1][1:10]
    with pytest.raises(BadInput, match="is of segmenters and captioners; checkpoint .* holds a SequenceClassification"):
        explanation_page(str(runs("names")))


def test_the_sanity_of_explanations_is_drawn_by_layer_and_beside_a_network_of_other_labels(runs, monkeypatch):
    monkeypatch.setattr(sanity, "MOST_CAPTIONS", 1)
    pages = [sanity.sanity_page(str(runs(name)), other) for name, other in (("pooled", str(runs("pooled"))), ("captions", None))]
    for figure, other in zip(pages, (True, False), strict=True):
        for axes in figure.axes:
            curves = [line.get_ydata() for line in axes.lines if line.get_label()[0] != "_" and len(line.get_ydata()) > 1]
            assert len(curves) == (6 if other else 7) and all(curve[0] == pytest.approx(1, abs=1e-6) for curve in curves)
            labels = [label.get_text() for label in axes.get_xticklabels()]
            assert labels[:2] == ["none", "head" if other else "decoder.head"] and ("random labels" in labels[-1]) == other
    with pytest.raises(BadInput, match="--other=.* holds another network than --checkpoint"):
        sanity.sanity_page(str(runs("pooled")), str(runs("captions")))


def refuse(explain, picture, name, *words):
    explain(name, *(word.format(picture=picture) for word in words))


test_refusals = refusals(
    ("segmenter", "input={picture}", "target=rign", "no class of the network, nor a pixel X,Y; did you mean 'ring'"),
    ("segmenter", "input={picture}", "target=32,0", "lies outside of a, b's.png: X from 0 to 31, Y from 0 to 31"),
    ("segmenter", "input={picture}", "question=what ?", "is for QuestionAnswering: checkpoint .* holds a Segmentation"),
    ("segmenter", "input=some text", "is neither a picture nor a folder"),
    ("pooled", "input={picture}", "explanation=deconvnet", "unpools by the switches of max pooling, and this network has none"),
    ("captions", "input={picture}", "target=zebra", "target='zebra' is not in the caption of a, b's.png"),
    ("scenes", "input={picture}", "question=TEXT is missing"),
    ("scenes", "input={picture}", "question=is there a ring ?", "target=purplish", "is no class of the network"),
    ("names", "input={picture}", "is a picture; checkpoint .* holds a SequenceClassification, which reads text"),
    ("names", "input=Ada", "explanation=grad_cam", "grad_cam weights a map of features, and this network has none"),
    ("names", "input=Ada", "explanation=guided", "guided changes the way back through ReLUs, and this network has none"),
    ("names", "input=Ada", "target=Klingon", "target='Klingon' is no class of the network"),
    ("adding", "input=nowhere.npy", "input='nowhere.npy' must be a file .npy of an array"),
    ("copy", "input=a1 a2", "target=zz", "target='zz' is not in the translation of 'a1 a2'"),
    ("stdlib", "input=a b", "nothing is explained of a SequenceTagging"),
    of=refuse,
    fixtures=("explain", "picture"),
)
