"""Captions, translations and answers from checkpoints, searches chosen anew, and what is refused."""

import json
import re

import numpy as np
import pytest
import torch
from commands import composed, error_line, evaluated, script, succeed
from PIL import Image
from refusals import refusals
from short_runs import PAIRS, PICTURES, SHORT, STORIES, on_demand

from ablate.cli.command import quoted
from ablate.command.evaluate import with_overrides_of_run
from ablate.command.predict import predict as prediction
from ablate.command.predict.texts import translate
from ablate.errors import BadInput
from ablate.figure import attention
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task
from ablate.run.train import train

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("prediction")]  # the trained runs are for all
TEXTS = ("checkpoint", "input", "output", "question")
CAPTIONS = [*PICTURES, "data=scene_captions", "task=captioning", "model=captioner", "model.search.max_length=9"]
RUNS = {
    "captions": [*CAPTIONS, "model.search.width=2"],
    "blank": [*CAPTIONS, "model/attention=none"],
    "dates": [*PAIRS, "data=dates", "data.max_length=30", "model.search.max_length=9"],
    "copy": [*PAIRS, "data=copy_pairs", "model/attention=none", "data.dataset.reverse=true", "model.search.max_length=9"],
    "scenes": [*PICTURES, "data=scene_questions", "task=question_answering", "model=question_answering"],
    "stories": [*SHORT, *STORIES],
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Name -> checkpoint."""
    return on_demand(tmp_path_factory.mktemp("runs"), RUNS)


@pytest.fixture
def figures(monkeypatch):
    """What each figure of attention is drawn from."""
    drawn = []

    def noted(draw):
        return lambda given, *grid: drawn.append((*given[0], *grid)) or draw(given, *grid)

    for name in ("attention_strips", "attention_matrices"):
        monkeypatch.setattr(attention, name, noted(getattr(attention, name)))
    return drawn


@pytest.fixture
def predict(runs, tmp_path, capsys, figures):
    """What `predict.py` prints, in this process."""

    def call(name, *words):
        words = [f"checkpoint={runs(name)}", f"output={tmp_path}/out", *words]
        capsys.readouterr()
        prediction.predict(composed("predict", tmp_path / "out", *(quoted(word, TEXTS) for word in words)))
        return capsys.readouterr().out.splitlines()

    return call


def refused(predict, *words):
    with pytest.raises(BadInput) as error:
        predict(*words)
    return str(error.value)


def picture(path, size=(30, 20)):
    Image.effect_noise(size, 80).convert("RGB").save(path)
    return path


def test_each_picture_gets_a_caption_and_where_the_network_looked(runs, predict, figures, tmp_path):
    folder = tmp_path / "صور, it's=תמונות"
    folder.mkdir()
    for name in ("狗.png", "a=b,'c'.jpg"):
        picture(folder / name)
    (folder / "none.png").write_text("no picture")
    assert "none.png is corrupt or no picture" in refused(predict, "captions", f"input={folder}")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"狗_attention.png", "a=b,'c'_attention.png", "predictions.jsonl"}
    image, words, weights, grid = figures[-1]
    assert image.shape == (3, 16, 16) and 0 <= image.min() < image.max() <= 1
    assert grid == (4, 4) and weights.shape == (len(words), 16)
    torch.testing.assert_close(weights.sum(1), torch.ones(len(words)))
    assert "holds a=b,'c'_attention.png already" in refused(predict, "captions", f"input={folder}")


def test_a_caption_is_what_the_task_writes_of_the_picture_as_it_is_in_training(runs, predict, tmp_path):
    path = picture(tmp_path / "one.png")
    (said,) = predict("blank", f"input={path}")
    task = load_task(read_checkpoint(runs("blank")), "best.ckpt")
    small = torch.from_numpy(np.array(Image.open(path).resize((16, 16), Image.Resampling.BILINEAR))).permute(2, 0, 1)[None]
    with torch.no_grad():
        found = task.write(task.model.encoder(small.float() / 255))
    name, caption, chance = re.fullmatch(r"(.*?): (.*)  \(p = (.*)\)", said).groups()
    assert name == "one.png" and caption == task.texts(found.tokens)[0]
    assert float(chance) == pytest.approx(float(found.log_probability.exp()), rel=1e-2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["predictions.jsonl"]


def test_a_search_may_be_chosen_anew(predict, tmp_path):
    path = picture(tmp_path / "one.png")
    greedy = predict("blank", f"input={path}", "model/search=greedy")
    assert greedy == predict("blank", f"input={path}", "model/search=beam", "model.search.width=1", "model.search.length_power=0")
    (short,) = predict("blank", f"input={path}", "model/search=greedy", "model.search.max_length=2")
    assert len(short.partition(": ")[2].partition("  (")[0].split()) <= 2
    words = ["blank", f"input={path}", "model/search=beam"]
    assert "model.search.width=1000 is wider than the vocabulary" in refused(predict, *words, "model.search.width=1000")
    assert "model.search.max_length=0" in refused(predict, *words, "model.search.max_length=0")
    assert refused(predict, *words, "+model.search.depth=3").startswith("model.search.depth=3 is unknown")
    words = ["scenes", f"input={path}", "question=is there a ring ?", "model/search=greedy"]
    assert "is for networks that write texts" in refused(predict, *words)
    assert "is for QuestionAnswering: checkpoint" in refused(predict, "blank", f"input={path}", "question=why ?")
    assert "neither a picture nor a folder" in refused(predict, "blank", "input=nowhere.png")


def test_a_text_is_translated_and_the_attention_drawn(predict, figures, tmp_path):
    *_, said, where = predict("dates", "input=10 May 2016")
    assert re.fullmatch(r"[\d-]*  \(p = .*\)", said) and "attention.png" in where
    assert Image.open(tmp_path / "out/attention.png").size > (100, 100)
    source, target, weights = figures[-1]
    assert source == list("10 May 2016") and weights.shape == (len(target), 11)
    assert "holds attention.png already" in refused(predict, "dates", "input=10 May 2016")


@pytest.mark.parametrize(
    "text", ["יום שלישי, 10 במאי 2016", "٢٠١٦ 10", "2016年5月10日星期二", "2016 ${seed} 'a', [b]: {c=\\}", "2016 \\"]
)
def test_any_script_and_any_sign_is_text(predict, text, tmp_path):
    said = predict("dates", f"input={text}", f"output={tmp_path}/out")
    assert re.fullmatch(r"[\d-]*  \(p = .*\)", said[-2])
    if len(said) > 2:
        assert said[0].startswith(f"input={text!r}: the network has never seen '")


def test_what_a_translation_cannot_be_made_of(predict):
    assert refused(predict, "dates", "input=") == "input='' is an empty text"
    assert "input='😀😀': the network has never seen any of it: '😀'" in refused(predict, "dates", "input=😀😀")
    assert refused(predict, "copy", "input= \t ").endswith("is an empty text")
    assert refused(predict, "copy", "input=a33").endswith("'a33' (nearest: 'a3')")
    said = predict("copy", "input=a3 a33 a1 [red] :smile:")
    assert "never seen 'a33' (nearest: 'a3'), '[red]', ':smile:'" in said[0] and len(said) == 2
    long = predict("dates", f"input={'2016 ' * 9}")
    assert "the network reads the first 30 of 45 characters" in long[0]


def test_a_source_is_read_as_in_training(runs, monkeypatch):
    task = load_task(read_checkpoint(runs("copy")), "best.ckpt")
    monkeypatch.setattr(task, "encode", lambda batch, encode=task.encode: batches.append(batch) or encode(batch))
    batches = []
    source, _ = translate(task, "a3 a1  a2", "")
    assert task.tokenisers["source"].decode(batches[0].source[0].tolist()) == ["a2", "a1", "a3"]
    assert source.tokens == ["a3", "a1", "a2"]


def test_a_file_is_translated_line_by_line(predict, tmp_path):
    (tmp_path / "in").mkdir()
    (file := tmp_path / "in/two=2, it's.txt").write_text("a1 a2\n\na3 a4\n")
    said = predict("copy", f"input={file}")
    kept = (tmp_path / "out/two=2, it's.txt").read_text()
    assert [line.partition("  (p")[0] for line in said[:3]] == kept.split("\n")[:3]
    assert kept.count("\n") == 3 and kept.split("\n")[1] == ""
    assert "already" in refused(predict, "copy", f"input={file}") and (tmp_path / "out/two=2, it's.txt").read_text() == kept
    (file := tmp_path / "in/three").write_text("a1\nb b\na2\n")
    assert "1 of 3 lines are left empty" in (line := refused(predict, "copy", f"input={file}")) and "three:2: 'b b'" in line
    assert len((tmp_path / "out/three.txt").read_text().split("\n")) == 4
    assert "already" in refused(predict, "copy", f"input={file}", f"output={tmp_path}/out")
    (file := tmp_path / "in/empty").write_text("\n")
    assert "is empty" in refused(predict, "copy", f"input={file}")


def test_questions_on_pictures(predict, tmp_path):
    path = picture(tmp_path / "תמונה.png")
    (said,) = predict("scenes", f"input={path}", "question=is there a red ring ?")
    name, _, answers = said.partition(": ")
    chances = [float(p) for p in re.findall(r"\(p = ([^)]*)\)", answers)]
    assert name == path.name and len(chances) == 3 and chances == sorted(chances, reverse=True) and sum(chances) < 1
    unknown, again = predict("scenes", f"input={path}", "question=is there a crimson ring ?")
    assert "never seen 'crimson'" in unknown and again.startswith(name)
    assert "question=TEXT is missing" in refused(predict, "scenes", f"input={path}")
    assert "never seen any of it" in refused(predict, "scenes", f"input={path}", "question=pourquoi")
    assert "is an empty text" in refused(predict, "scenes", f"input={path}", "question=")
    (tmp_path / "no.png").write_text("no picture")
    assert "no.png is corrupt or no picture" in refused(predict, "scenes", f"input={tmp_path}/no.png", "question=is there a ring ?")


def test_questions_on_stories(predict):
    words = ["stories", "input=Mary moved to the bathroom."]
    (said,) = predict(*words, "question=Where is Mary?")
    assert re.fullmatch(r"\S+  \(p = \S+\), \S+  \(p = \S+\), \S+  \(p = \S+\)", said)
    assert [said] == predict("stories", "input=mary moved to the bathroom .", "question=where is mary ?")
    long, _ = predict("stories", "input=Mary moved to the bathroom. John went to the hallway.", "question=Where is Mary?")
    assert "the network reads the last 9 of 12 words" in long
    assert "question=TEXT is missing" in refused(predict, *words)
    assert "input='' is an empty text" in refused(predict, "stories", "input=", "question=where is Mary ?")


def test_the_command_line_takes_text_as_it_is(runs, tmp_path):
    checkpoint = tmp_path / "it's=a,b.ckpt"
    checkpoint.write_bytes(runs("copy").read_bytes())
    done = succeed("predict", f"checkpoint={checkpoint}", "input=a1, 'a2' [a3] a4=a5 a6", "output=it's=o,ut", cwd=tmp_path)
    assert "never seen 'a1,' (nearest: 'a1')" in done.stdout and "(p = " in done.stdout and (tmp_path / "it's=o,ut").is_dir()
    done = script("predict", f"checkpoint={checkpoint}", "input=السلام עליכם", cwd=tmp_path)
    assert "input='السلام עליכם': the network has never seen any of it" in error_line(done)


def test_a_search_that_does_not_fit_is_one_line(runs, tmp_path):
    done = script("evaluate", f"checkpoint={runs('scenes')}", "model/search=greedy", cwd=tmp_path)
    assert "model/search is not among the groups of this config" in error_line(done)


@pytest.mark.parametrize(
    "text", ["", "'", "\\", "a\\'", "\\\\${x}", "a,b=[c]{d}:${e} # $f\\", "null", "1e3", "~x", "'a'", "a\nb\\\n", "שלום"]
)
def test_a_text_passes_through_hydra(text, tmp_path):
    cfg = composed("predict", tmp_path, quoted(f"input={text}", ["input"]), "checkpoint=x")
    assert cfg.input == text


def as_trained(*words):
    return with_overrides_of_run([quoted(word, ["checkpoint"]) for word in words])


def test_evaluate_takes_another_search(runs, tmp_path):
    best = runs("captions")
    first, found = json.loads((best.parents[1] / "metrics.json").read_text()), evaluated(tmp_path, best)
    assert found == pytest.approx({tag: first[tag] for tag in found}, abs=0, nan_ok=True)
    greedy = evaluated(tmp_path, best, "model/search=greedy", "model.search.max_length=9")
    assert greedy == pytest.approx(evaluated(tmp_path, best, "model.search.width=1", "model.search.length_power=0"), nan_ok=True)
    shortest = evaluated(tmp_path, best, "model.search.max_length=1")
    assert shortest["test/loss"] == found["test/loss"] and shortest["test/rouge_l"] != found["test/rouge_l"]
    with pytest.raises(BadInput, match="model.search.width=1000 is wider than the vocabulary"):
        evaluated(tmp_path, best, "model.search.width=1000")


def test_a_search_chosen_anew_drops_the_options_of_the_old_one(runs):
    words = as_trained(f"checkpoint={runs('captions')}", "model/search=greedy")
    assert "model.embedding_size=8" in words and not [word for word in words if word.startswith("model.search.")]
    assert "model.search.width=2" in as_trained(f"checkpoint={runs('captions')}", "model.search.max_length=3")
    assert "data.image_size=16" not in as_trained(f"checkpoint={runs('captions')}", "data=scenes")
    for word in ("model=captioner", "model/attention=none", "model.search=beam", "+model.dropout=1"):
        with pytest.raises(BadInput, match="network and task are the checkpoint's own"):
            as_trained(f"checkpoint={runs('captions')}", word)


def other_data(runs, folder, name, word):
    evaluated(folder, runs(name), word)


test_data_of_another_kind_or_size_are_one_line = refusals(
    ("copy", "data=scene_captions", "data=scene_captions is of another kind than the data of checkpoint"),
    ("captions", "data=dates", "the network has tokenisers for target texts, but these data hold source and target texts"),
    ("captions", "data=scenes", "data=scenes is of another kind"),
    ("scenes", "data=scene_captions", "is of other data: data.vocabulary_size was 66 and is 58"),
    ("scenes", "data=echo", "data.vocabulary_size was 66 and is 3"),
    ("dates", "data=copy_pairs", "data.source_vocabulary_size was [0-9]+ and is 24"),
    ("copy", "data.source_vocabulary_size=7", "data.source_vocabulary_size was 24 and is 7"),
    ("copy", "data.vocabulary_size=7", "data.vocabulary_size was 24 and is 7"),
    of=other_data,
    fixtures=["runs", "tmp_path"],
)


def test_other_texts_of_the_kind_are_read_with_the_tokens_of_the_checkpoint(runs, tmp_path):
    found = evaluated(tmp_path, runs("dates"), "data.dataset.read.locales=[he]", "data.dataset.read.seed=1")
    assert np.isfinite(found["test/loss"])


def test_a_run_goes_on_only_with_the_tokens_it_began_with(runs, tmp_path):
    words = [*RUNS["copy"], "data.dataset.read.seed=1", f"ckpt_path={runs('copy')}"]
    with pytest.raises(BadInput, match="is of another vocabulary: token 4 was 'a[0-9]+' and is 'a[0-9]+'"):
        train(composed("train", tmp_path / "run", *words))


def test_other_tasks_are_named(tmp_path):
    words = ["data=echo", "model=sequence_tagger", "task=sequence_tagging", "debug=fast", "logger=none"]
    train(composed("train", tmp_path / "run", *words))
    words = [f"checkpoint={tmp_path}/run/checkpoints/best.ckpt", "input=x", f"output={tmp_path}/out"]
    with pytest.raises(BadInput, match="the network reads numbers: give it an array"):
        prediction.predict(composed("predict", tmp_path / "out", *words))
