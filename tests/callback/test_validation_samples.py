"""Callbacks log what a network makes of the same validation samples after each validation, and leave the training as it is."""

from functools import partial

import pytest
import torch
from commands import QUIET, compose, fitted
from lightning.pytorch import Trainer
from PIL import Image
from sequence_data import write_stories
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ablate.callback import texts
from ablate.callback.log import ValidationSamples
from ablate.callback.texts import Answers, Captions, Samples, Translations
from ablate.data.datamodule import DataModule
from ablate.data.scene.captions import SceneCaptions
from ablate.data.scene.question_kinds import ANSWERS
from ablate.data.scene.questions import SceneQuestions
from ablate.data.source.babi import Babi
from ablate.data.text.language_modelling import TextLines, TextStream
from ablate.data.text.pairs import TextPairs
from ablate.data.text.tokeniser import SPECIAL, Tokeniser
from ablate.figure.attention import attention_matrices
from ablate.run.build import build

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("samples")]
SMALL = ["model/cell=gru", "model.cell.hidden_size=8", "model.embedding_size=6", "optimizer.lr=0.02", "scheduler=constant"]
ENCODER = ["model.encoder.width=4", "model.encoder.depth=2"]
GREEDY = ["model/search=greedy", "model.search.max_length=6"]
SCENES = dict(sizes={"train": 8, "val": 12}, image_size=32, objects=[2, 3], shapes=["disc", "ring"], noise=0.0, seed=0)
STORIES = "1 Mary went home.\n2 John went out.\n3 Where is Mary? \thome\t1\n4 Mary went out.\n5 Where is Mary? \tout\t4\n"


def made(dataset, words, attention=None):
    """A small task of the config, and data of its kind."""
    module = DataModule(dataset, 4, 0, None, {"train": "train", "val": "val"}, True, 0)
    sizes = {"vocabulary_size": len(list(module.tokenisers.values())[-1])}
    if len(module.tokenisers) == 2:
        sizes["source_vocabulary_size"] = len(module.tokenisers["source"])
    sizes = [f"data.{key}={size}" for key, size in sizes.items()]
    attending = [f"model/attention={attention}"] * (attention is not None) + ["model.attention.size=4"] * (attention == "additive")
    cfg = compose(*SMALL, *words, *sizes, *attending)
    torch.manual_seed(0)
    task = build(cfg, "task")
    task.tokenisers = module.tokenisers
    return task, module


class Probe(ValidationSamples):
    seen = ()

    def log_samples(self, trainer, task, batch):
        self.seen += ((batch, task.training, torch.is_grad_enabled()),)


def captioning(attention="additive"):
    dataset = partial(SceneCaptions, **SCENES, captions=2, held_out=[], show_held_out="never")
    words = ["data=scene_captions", "model=captioner", "task=captioning", "task.scores=[bleu]", *ENCODER, *GREEDY]
    return made(dataset, words, attention)


def translation(attention="additive"):
    pairs = [("ein Hund", "a dog"), ("das Haus", "the house"), ("日本 Hund aus Holz", "a $dog$ of $japan$")] * 4
    options = dict(tokeniser=Tokeniser(), reverse=False, max_length=9)
    words = ["data=multi30k", "model=sequence_to_sequence", "task=translation", "task.scores=[sacrebleu]", *GREEDY]
    return made(partial(TextPairs, read=lambda split: pairs, **options), words, attention)


def answering(attention="additive"):
    dataset = partial(SceneQuestions, **SCENES, kinds=["existence", "colour"], class_names=ANSWERS)
    return made(dataset, ["data=scene_questions", "model=question_answering", "task=question_answering", *ENCODER], attention)


def reading(folder):
    dataset = partial(Babi, root=write_stories(folder, STORIES * 4), tasks=[1], max_length=None, class_names=["home", "out"])
    words = ["data=babi", "model=story_question_answering", "task=question_answering", "data.num_classes=2"]
    return made(dataset, words, "additive")


def writing(dataset, unit="characters", **options):
    """A language model that does not learn, so that its texts stay the same."""
    words = ["data=names_lm", "model=language_model", "task=language_modelling", "optimizer.lr=1e-30"]
    return made(partial(dataset, tokeniser=Tokeniser(unit), **options), words)


def trained(folder, task, module, *callbacks):
    fitted(task, module, callbacks, folder)
    return EventAccumulator(str(folder), {"images": 0, "tensors": 0}).Reload()


def logged(events, tag="val/texts/text_summary"):
    return [event.tensor_proto.string_val[0].decode() for event in events.Tensors(tag)]


def lines(text, *starts):
    return [line.strip() for line in text.split("\n") if line.strip().startswith(starts)]


def read(path):
    return path.read_text(encoding="utf-8")


def test_captions(tmp_path):
    task, module = captioning()
    events = trained(tmp_path, task, module, Captions(str(tmp_path), 5))
    first, last = logged(events)
    titles = [f"picture {i * 12 // 5}" for i in range(5)]
    assert lines(first, "picture", "reference") == lines(last, "picture", "reference") and lines(last, "picture") == titles
    assert lines(first, "caption") != lines(last, "caption")
    right = [text for i in range(5) for text in module.datasets["val"].references(i * 12 // 5)]
    assert lines(last, "reference") == [f"reference: {text}" for text in right]
    assert all(not line or line.startswith("    ") for line in last.split("\n"))
    assert last.replace("\n    ", "\n").strip() == read(tmp_path / "captions.txt").strip()
    said = [line.split("): ", 1)[1] for line in lines(last, "caption")]
    judged = [module.datasets["val"].judge(i * 12 // 5, text) for i, text in enumerate(said)]
    words = [line.split(", ", 1)[1].split("): ")[0] for line in lines(last, "caption")]
    assert words == ["not of the language" if each is None else "true" if all(each.statements) else "false" for each in judged]
    steps = [event.step for event in events.Images("val/captions")]
    assert len(steps) == 2 and steps == [event.step for event in events.Images("val/attention")]
    for name in ("captions", "attention"):
        assert Image.open(tmp_path / f"{name}.png").width > 300


def test_translations_begin_with_the_signature(tmp_path, monkeypatch):
    task, module = translation()
    plotted = []
    monkeypatch.setattr(texts, "attention_matrices", lambda given: plotted.extend(given) or attention_matrices(given))
    events = trained(tmp_path, task, module, Translations(str(tmp_path), 3))
    first, last = logged(events)
    assert [matrix.source for matrix in plotted[-2:]] == [["ein", "Hund"], ["das", "Haus"]]
    for matrix in plotted:  # without what is padded or after the end
        assert matrix.weights.shape == (len(matrix.target), len(matrix.source)) and matrix.weights.sum(1).allclose(torch.ones(1))
    signature = f"sacrebleu: {task.metrics['val_']['sacrebleu'].signature}"
    for text in (first, last, read(tmp_path / "translations.txt")):
        assert text.strip().startswith(signature) and text.count(signature) == 1
    assert lines(last, "text", "source", "reference") == lines(first, "text", "source", "reference")
    pairs = {"ein Hund": "a dog", "das Haus": "the house", "日本 Hund aus Holz": "a $dog$ of $japan$"}
    expected = [line for source, target in pairs.items() for line in (f"source: {source}", f"reference: {target}")]
    assert lines(last, "source", "reference") == expected
    assert lines(first, "translation") != lines(last, "translation")
    assert len(events.Images("val/attention")) == 2 and Image.open(tmp_path / "attention.png").width > 100


def test_answers_on_pictures(tmp_path):
    task, module = answering()
    events = trained(tmp_path, task, module, Answers(str(tmp_path), 4, ANSWERS))
    first, last = logged(events)
    dataset = module.datasets["val"]
    assert lines(last, "question", "question:", "truth") == lines(first, "question", "question:", "truth")
    expected = [dataset[i * 3] for i in range(4)]
    assert lines(last, "question:") == [f"question: {sample.question}" for sample in expected]
    assert lines(last, "truth") == [f"truth: {sample.answer}" for sample in expected]
    for answered, sample in zip(lines(last, "answer ("), expected, strict=True):
        assert ("(right" in answered) == answered.endswith(f": {sample.answer}")
    assert len(events.Images("val/answers")) == 2 and (tmp_path / "answers.png").exists()


def test_answers_on_stories_are_text_alone(tmp_path):
    task, module = reading(tmp_path)
    events = trained(tmp_path, task, module, Answers(str(tmp_path), 2, ["home", "out"]))
    story, second = logged(events)[-1].split("question 4")
    told = ["mary went home", "john went out", "support: mary went home", "question: where is mary ?", "truth: home"]
    assert lines(story, "mary", "john", "support", "question:", "truth") == told
    assert "…" not in second and not (tmp_path / "answers.png").exists() and not events.Tags()["images"]


@pytest.mark.parametrize("unit, gap", [("characters", ""), ("words", " ")])
def test_samples_are_the_same_each_time_and_over_at_their_end(unit, gap, tmp_path):
    task, module = writing(TextLines, unit, read=lambda split: [(f"a{gap}b",), (f"b{gap}a",)] * 6, max_length=None)
    events = trained(tmp_path, task, module, Samples(str(tmp_path), count=20, length=6))
    first, last = logged(events, "val/samples/text_summary")
    assert first == last and last.replace("\n    ", "\n").strip() == read(tmp_path / "samples.txt").strip()
    assert not any(token in last for token in SPECIAL) and ("a b" in last or "b a" in last) == (gap == " ")


def test_samples_of_a_stream_have_no_end(tmp_path):
    task, module = writing(TextStream, read=lambda: "ab\n" * 40, length=10)
    trained(tmp_path, task, module, Samples(str(tmp_path), count=2, length=9))
    kept = read(tmp_path / "samples.txt")
    assert set(kept) <= {"a", "b", "\n"} and len(kept) == 2 * 9 + 3


@pytest.mark.parametrize("make", [captioning, translation])
def test_without_attention_there_is_no_map_of_it(make, tmp_path):
    task, module = make("none")
    callback = Captions(str(tmp_path), 2) if make is captioning else Translations(str(tmp_path), 2)
    events = trained(tmp_path, task, module, callback)
    assert "val/attention" not in events.Tags()["images"] and not (tmp_path / "attention.png").exists()
    assert len(logged(events)) == 2


def test_answers_without_attention(tmp_path):
    task, module = answering("none")
    trained(tmp_path, task, module, Answers(str(tmp_path), 2, ANSWERS))
    assert Image.open(tmp_path / "answers.png").width > 300


@pytest.mark.slow
@pytest.mark.parametrize(
    "make, callback",
    [(captioning, Captions), (translation, Translations), (answering, partial(Answers, class_names=ANSWERS))],
)
def test_training_goes_on_as_without_and_the_task_is_left_as_it_was(make, callback, tmp_path):
    (watched, module), (alone, other) = make(), make()
    mine = callback(str(tmp_path), 2)
    trained(tmp_path / "watched", watched, module, mine)
    trained(tmp_path / "alone", alone, other)
    assert all(torch.equal(a, b) for a, b in zip(watched.parameters(), alone.parameters(), strict=True))
    watched.train()
    next(watched.model.children()).eval()
    modes = [each.training for each in watched.modules()]
    trainer = Trainer(**QUIET)
    trainer.datamodule, probe = module, Probe(str(tmp_path), 2)
    for _ in range(2):
        probe.on_validation_epoch_end(trainer, watched)
    (first, *mode), again = probe.seen
    assert mode == [False, False] and again[0] is first
    assert modes == [each.training for each in watched.modules()]


@pytest.mark.parametrize("callback", [Captions, partial(Samples, length=3)])
def test_nothing_in_a_sanity_check_and_none_where_none_are_wanted(callback, tmp_path):
    task, trainer = captioning()[0], Trainer(**QUIET)
    trainer.sanity_checking = True
    callback(str(tmp_path), 2).on_validation_epoch_end(trainer, task)
    trainer.sanity_checking = False
    callback(str(tmp_path), 0).on_validation_epoch_end(trainer, task)
    assert not list(tmp_path.iterdir())
