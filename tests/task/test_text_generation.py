"""Tasks that write texts: by heart, free-running, losses over tokens, controls, and what is refused before training."""

import json
import math
import os
import signal
from dataclasses import replace
from functools import partial
from itertools import product

import pytest
import torch
from commands import QUIET, ROOT, script
from lightning.pytorch import Callback, Trainer
from networks import GREEDY, answerer, captioner, minimise, translator
from PIL import Image
from refusals import refusals

from ablate.callback.beams import Beams
from ablate.data.batch import IGNORE, Judgement, PairBatch, QuestionBatch, SegmentationBatch
from ablate.data.datamodule import DataModule
from ablate.data.picture.captions import Captioned, PictureCaptions
from ablate.data.text.dataset import pad_with_lengths, teacher_forcing
from ablate.data.text.pairs import TextPairs
from ablate.data.text.tokeniser import BEGIN, END, UNKNOWN, Tokeniser
from ablate.errors import BadInput
from ablate.metric.text.truth import TruthRate
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.models import SequenceClassifier, SequenceTagger
from ablate.model.segmenter.encoder.small import SmallEncoder
from ablate.model.text.attention import Additive, none
from ablate.model.text.decoding.beam import Beam
from ablate.optim.optimisation import Optimisation
from ablate.optim.schedule import constant
from ablate.task.base import Task
from ablate.task.captioning import Captioning
from ablate.task.question_answering import QuestionAnswering
from ablate.task.text_generation import SCHEDULES, SCORES, Translation, probability_schedule

pytestmark = pytest.mark.slow

ADAM = Optimisation(partial(torch.optim.AdamW, lr=0.02), constant)
ATTENTIONS = {"none": none, "additive": partial(Additive, size=8)}
every_attention = pytest.mark.parametrize("attention", ATTENTIONS)
PAIRS = [
    ("ein hund", "a dog"),
    ("die katze sitzt hier", "the cat sits here on a mat"),
    ("kind", "child"),
    ("ein kind sitzt", "a child sits"),
    ("der hund hier", "this dog here and the dog there"),
]
CAPTIONS = {
    (250, 10, 10): ["a red one", "red"],
    (10, 250, 10): ["all of it is as green as can be"],
    (10, 10, 250): ["blue", "a blue one"],
    (250, 250, 10): ["a yellow one and no other"],
    (10, 250, 250): ["neither green nor blue"],
}


class Judged(PictureCaptions):
    """A picture's captions are true of it, an empty one is of no language."""

    def truth(self, index):
        return super().truth(index)._replace(judges=[partial(self.judge, i) for i in index])

    def judge(self, index, caption):
        return Judgement([caption in self.references(index)]) if caption else None


def pairs_data(kind=DataModule, size=2, **order):
    options = dict(tokeniser=Tokeniser(lower=True), reverse=False, max_length=None)
    return module(kind, partial(TextPairs, read=lambda split: PAIRS, **options), size, **order)


def caption_data(kind=DataModule, size=2):
    pictures = [Captioned(str(c), lambda c=c: Image.new("RGB", (8, 8), c), said) for c, said in CAPTIONS.items()]
    options = dict(image_size=8, tokeniser=Tokeniser(lower=True), max_length=None)
    return module(kind, partial(Judged, read=lambda split: pictures, keep=True, **options), size)


def module(kind, dataset, size, workers=0, bucket=0):
    return kind(dataset, size, workers, None, {split: split for split in ("train", "val", "test")}, True, 0, bucket)


def translation(attention="additive", search=GREEDY, dropout=0.0, **options):
    torch.manual_seed(0)
    tokenisers = pairs_data().tokenisers
    sizes = (len(tokenisers["source"]), len(tokenisers["target"]))
    net = translator(*sizes, 8, partial(GRU, hidden_size=16), ATTENTIONS[attention], search, dropout=dropout)
    return with_tokenisers(Translation(net, ADAM, **options), tokenisers)


def captioning(attention="additive", search=GREEDY, **options):
    torch.manual_seed(0)
    tokenisers = caption_data().tokenisers
    encoder = SmallEncoder(width=8, depth=2)
    net = captioner(encoder, len(tokenisers["target"]), 8, partial(LSTM, hidden_size=16), ATTENTIONS[attention], search)
    return with_tokenisers(Captioning(net, ADAM, **options), tokenisers)


def answering(of_stories=False, **options):
    torch.manual_seed(0)
    encoder = None if of_stories else SmallEncoder(width=4, depth=2)
    net = answerer(encoder, 9, 8, partial(GRU, hidden_size=8), ATTENTIONS["additive"], 3)
    return with_tokenisers(QuestionAnswering(net, ADAM, 3, **options), {})


def with_tokenisers(task, tokenisers):
    task.tokenisers = tokenisers
    return task


def asked(of_stories=False):
    random = torch.Generator().manual_seed(3)
    words = partial(torch.randint, 4, 9, generator=random)
    source = {"story": words((4, 6)), "story_lengths": torch.tensor([6, 2, 4, 1])}
    if not of_stories:
        source = {"image": torch.rand(4, 3, 8, 8, generator=random)}
    return QuestionBatch(words((4, 5)), torch.tensor([5, 3, 1, 2]), torch.tensor([0, 2, 1, 1]), torch.arange(4), **source)


MADE = {"translation": (translation, pairs_data), "captioning": (captioning, caption_data)}
every_task = pytest.mark.parametrize("name", MADE)


def learn(task, batch, steps=150):
    losses = minimise(lambda: task.step(batch).loss, torch.optim.AdamW(task.train().parameters(), 0.02), steps)
    task.eval()
    return losses[-1]


def evaluated(task, data, split="test"):
    trainer = Trainer(**QUIET)
    run = trainer.test if split == "test" else trainer.validate
    found = run(task, datamodule=data, verbose=False)[0]
    return {name.removeprefix(f"{split}/"): value for name, value in found.items()}


def cross_entropies(task, batch):
    """Of every token that has a target, by itself, in lists: one for each text."""
    with torch.no_grad():
        log_p = task.model(*task.inputs(batch)).logits.log_softmax(-1)
    rows = []
    for row, targets in zip(log_p, batch.target.tolist()):
        rows.append([-float(each[target]) for each, target in zip(row, targets) if target != IGNORE])
    return rows


@pytest.mark.slow
@every_attention
@every_task
def test_one_batch_is_learned_by_heart_and_written_free_running(name, attention):
    make, made = MADE[name]
    task, data = make(attention), made()
    batch = data.example_batch("val", 5)
    first = task.step(batch).loss.item()
    assert learn(task, batch) < 0.05 < 2 < first
    references = [data.datasets["val"].references(i)[0] for i in range(5)]
    for search in (GREEDY, Beam(width=3)):
        task.model.search = search
        assert task.texts(task.write(task.encode(batch)).tokens) == references
        assert task.texts(make(attention, search).eval().write(task.encode(batch)).tokens) != references


def test_answers_are_learned_by_heart():
    for of_stories in (False, True):
        task, batch = answering(of_stories), asked(of_stories)
        assert learn(task, batch, 60) < 0.05
        assert torch.equal(task.step(batch).prediction, batch.target)


@pytest.mark.parametrize("split", ["val", "test"])
@every_task
def test_what_is_written_knows_no_right_token(name, split):
    class Untaught(DataModule):
        def on_after_batch_transfer(self, batch, dataloader_idx):
            batch = super().on_after_batch_transfer(batch, dataloader_idx)
            return batch._replace(input=torch.full_like(batch.input, END))

    class Misled(Untaught):
        def on_after_batch_transfer(self, batch, dataloader_idx):
            batch = super().on_after_batch_transfer(batch, dataloader_idx)
            return batch._replace(target=torch.full_like(batch.target, 4))

    make, made = MADE[name]
    task = make()
    learn(task, made().example_batch("val", 5), 12)
    right, untaught, misled = (evaluated(task, made(kind), split) for kind in (DataModule, Untaught, Misled))
    taught = {"forced_accuracy", "exposure_gap", "exposure_loss", "loss"}
    assert {tag for tag in right if untaught[tag] != right[tag]} == taught
    assert {tag for tag in right if misled[tag] != right[tag]} == taught | {"token_accuracy"}
    assert 0 < right["chrf"] < 1 and 0 < right["token_accuracy"] < 1  # such as can change


@every_task
def test_the_loss_is_the_mean_over_tokens(name):
    make, made = MADE[name]
    task, data = make(label_smoothing=0.3, doubly_stochastic=2.0).eval(), made(size=3)
    batches = list(data.batches("val"))
    rows = [cross_entropies(task, batch) for batch in batches]
    for batch, texts in zip(batches, rows, strict=True):
        output, every = task.step(batch), sum(texts, [])
        assert output.loss.item() == pytest.approx(sum(every) / len(every), rel=1e-5) and output.weight == len(every)
    every = sum(sum(rows, []), [])
    mean = sum(every) / len(every)
    assert evaluated(task, data, "val")["loss"] == pytest.approx(mean, rel=1e-5)
    of_texts = [sum(row) / len(row) for row in sum(rows, [])]
    assert abs(sum(of_texts) / len(of_texts) - mean) > 1e-3  # which is another number


@every_task
def test_label_smoothing_and_the_penalty_act_in_training_alone(name):
    make, made = MADE[name]
    plain, batch = make(), made().example_batch("val", 5)
    tasks = {"smooth": make(label_smoothing=0.3), "looking": make(doubly_stochastic=2.0)}
    decoded = plain.train().model(*plain.inputs(batch))
    there = batch.target != IGNORE
    uniform = -decoded.logits.log_softmax(-1).mean(-1)[there].mean()
    mask = plain.encode(batch).mask
    penalty = 0.0
    for row, source in zip(range(5), mask):
        for place in source.nonzero().flatten():
            penalty += (1 - decoded.weights[row, there[row], place].sum()) ** 2 / 5
    loss = plain.step(batch).loss
    assert torch.allclose(tasks["smooth"].train().step(batch).loss, 0.7 * loss + 0.3 * uniform, rtol=1e-5)
    assert torch.allclose(tasks["looking"].train().step(batch).loss, loss + 2 * penalty, rtol=1e-5) and penalty > 0.1
    for task in tasks.values():
        plain.load_state_dict(task.state_dict())  # with the averages of its normalisation
        assert torch.equal(task.eval().step(batch).loss, plain.eval().step(batch).loss)


@every_attention
def test_scheduled_sampling_hears_its_own_tokens(attention):
    task, batch = translation(attention, scheduled_sampling=1.0).train(), pairs_data().example_batch("val", 5)
    told = batch._replace(input=torch.cat((batch.input[:, :1], torch.full_like(batch.input[:, 1:], 5)), 1))

    def loss(batch, probability, seed):
        task.sampling_probability = probability
        torch.manual_seed(seed)
        return task.step(batch).loss.item()

    assert loss(batch, 1.0, 1) == loss(batch, 1.0, 1) == loss(told, 1.0, 1) != loss(batch, 1.0, 2)
    assert loss(batch, 0.5, 1) not in (loss(told, 0.5, 1), loss(batch, 0.0, 1), loss(batch, 1.0, 1))
    assert loss(batch, 0.0, 1) == loss(batch, 0.0, 2) != loss(told, 0.0, 1)
    task.eval()
    assert loss(batch, 1.0, 1) == loss(batch, 0.0, 1)  # never in a test


@pytest.mark.parametrize("schedule, parts", [("constant", [1] * 6), ("linear", [i / 6 for i in range(6)])])
def test_the_share_of_own_tokens_follows_the_steps(schedule, parts):
    heard = []

    class Hearing(Callback):
        def on_train_batch_end(self, trainer, task, *given):
            heard.append(task.sampling_probability)

    task = translation(scheduled_sampling=0.8, sampling_schedule=schedule)
    Trainer(max_epochs=2, callbacks=[Hearing()], log_every_n_steps=1, **QUIET).fit(task, pairs_data())
    assert heard == pytest.approx([0.8 * part for part in parts])


PARTS = [i / 20 for i in range(21)]


@pytest.mark.parametrize(
    "schedule, begin, half, end",
    [
        ("constant", 0.8, 0.8, 0.8),
        ("linear", 0.0, 0.4, 0.8),
        ("inverse_sigmoid", 0.8 / (1 + math.exp(6)), 0.4, 0.8 / (1 + math.exp(-6))),
    ],
)
def test_at_the_beginning_half_way_and_at_the_end(schedule, begin, half, end):
    share = probability_schedule(0.8, schedule)
    assert [share(0.0), share(0.5), share(1.0)] == pytest.approx([begin, half, end])


def test_a_quarter_of_the_way_by_hand():
    assert probability_schedule(1.0, "linear")(0.25) == 0.25
    assert probability_schedule(1.0, "inverse_sigmoid")(0.25) == pytest.approx(0.0474259)  # 1 / (1 + e³)


@pytest.mark.parametrize("share", [0, 0.3, 1])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_it_never_falls_and_stays_a_probability(schedule, share):
    values = [probability_schedule(share, schedule)(part) for part in [*PARTS, 1.5]]
    assert values == sorted(values) and all(0 <= value <= share for value in values)
    assert len(set(values[:-1])) == (1 if share == 0 or schedule == "constant" else len(PARTS))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_share_of_none_is_teacher_forcing_bit_for_bit(schedule):
    losses = []
    source = pad_with_lengths([torch.tensor([4, 5, 6]), torch.tensor([5])])
    batch = PairBatch(*source, *teacher_forcing([torch.tensor([5, 4]), torch.tensor([6, 6, 4])]), torch.arange(2))
    for sampling in ({}, {"scheduled_sampling": 0.0, "sampling_schedule": schedule}, {"scheduled_sampling": 1.0}):
        torch.manual_seed(0)
        net = translator(7, 7, 4, partial(GRU, hidden_size=5), ATTENTIONS["additive"], dropout=0.3)
        task = Translation(net, ADAM, **sampling)
        task.sampling_probability = task.sampling(1.0)
        torch.manual_seed(1)
        losses.append(task.train().step(batch).loss.item())
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.slow
@pytest.mark.parametrize("workers, bucket", [(0, 0), (1, 2)])
def test_a_continued_run_sees_the_batches_of_one_never_stopped(workers, bucket, tmp_path):
    seen = []

    class Seeing(Callback):
        def on_train_batch_end(self, trainer, task, outputs, batch, *given):
            seen.append((trainer.current_epoch, batch.index.tolist()))

    def fit(epochs, checkpoint=None):
        seen.clear()
        trainer = Trainer(max_epochs=epochs, callbacks=[Seeing()], log_every_n_steps=1, **QUIET)
        trainer.fit(translation(), pairs_data(size=1, workers=workers, bucket=bucket), ckpt_path=checkpoint, weights_only=True)
        return trainer, list(seen)

    _, whole = fit(4)
    fit(2)[0].save_checkpoint(tmp_path / "last.ckpt")
    assert fit(4, tmp_path / "last.ckpt")[1] == whole[10:] != whole[:10]


@pytest.mark.parametrize("score_truth", [False, True])
def test_the_control_compares_with_another_picture(score_truth):
    task, data = captioning(score_truth=score_truth, scores=list(SCORES)), caption_data()
    learn(task, data.example_batch("val", 5), 60)
    found, dataset = evaluated(task, data), data.datasets["test"]
    texts = task.texts(task.write(task.encode(data.example_batch("test", 5))).tokens)
    for prefix, of in (("", [0, 1, 2, 3, 4]), ("shuffled/", [2, 3, 4, 0, 1])):
        expected = {}
        for name, kind in SCORES.items():
            (metric := kind()).update(texts, [dataset.references(i) for i in of])
            value = metric.compute()
            expected |= value if isinstance(value, dict) else {name: value}
        if score_truth:
            (truth := TruthRate()).update([dataset.judge(i, text) for i, text in zip(of, texts)])
            expected |= truth.compute()
        names = {name for name in found if name.startswith("shuffled/") == bool(prefix)} - {"loss"}
        names -= {"forced_accuracy", "token_accuracy", "exposure_gap", "exposure_loss"}
        assert names == {prefix + name for name in expected}
        assert {n: found[prefix + n] for n in expected} == pytest.approx({n: float(v) for n, v in expected.items()}, nan_ok=True)
    assert found["cider_d"] > 2 > found["shuffled/cider_d"] + 1
    assert not score_truth or found["truth_rate"] > 0.5 > found["shuffled/truth_rate"] == 0
    assert not [name for name in evaluated(task, caption_data(), "val") if name.startswith("shuffled/")]


def test_the_control_counts_pictures_where_captions_are_more():
    task, data = captioning(), caption_data()
    learn(task, data.example_batch("val", 5), 60)
    data = caption_data()
    data.splits["test"] = "train"  # as debug=overfit does
    found = evaluated(task, data)
    task.eval()
    texts, dataset = [], data.datasets["test"]
    for batch in data.batches("test"):
        texts += zip(batch.index.tolist(), task.texts(task.write(task.encode(batch)).tokens), strict=True)
    (metric := SCORES["chrf"]()).update([text for _, text in texts], [dataset.references((i + 2) % 5) for i, _ in texts])
    assert len(dataset) == 7 and found["shuffled/chrf"] == pytest.approx(float(metric.compute()))


def test_the_blind_see_no_picture():
    for blind in (False, True):
        task, batch = captioning(blind=blind).eval(), caption_data().example_batch("val", 5)
        mirrored = batch._replace(image=1 - batch.image)
        assert torch.equal(task.step(batch).loss, task.step(mirrored).loss) == blind
        one, other = (task.write(task.encode(each)).log_probability for each in (batch, mirrored))
        assert torch.equal(one, other) == blind == bool((one - one[0]).abs().max() < 1e-6)


@pytest.mark.parametrize("of_stories", [False, True])
@pytest.mark.parametrize("blind", [False, True])
def test_the_blind_know_the_question_alone(blind, of_stories):
    task, batch = answering(of_stories, blind=blind).eval(), asked(of_stories)
    if of_stories:
        changed = batch._replace(story=batch.story.flip(0, 1), story_lengths=batch.story_lengths.flip(0))
    else:
        changed = batch._replace(image=1 - batch.image)
    loss = task.step(batch).loss
    assert torch.equal(task.step(changed).loss, loss) == blind
    assert task.step(batch._replace(question=batch.question.flip(0))).loss != loss


MODELS = {
    "translation": lambda: translation().model,
    "captioning": lambda: captioning().model,
    "question_answering": lambda: answering().model,
    "classifier": lambda: SequenceClassifier(9, None, 6, partial(GRU, hidden_size=8), 3),
    "tagger": lambda: SequenceTagger(9, None, 6, partial(GRU, hidden_size=8), 3),
}
TASKS = {
    "translation": (translation, lambda: pairs_data().example_batch("train", 2)),
    "captioning": (captioning, lambda: caption_data().example_batch("train", 2)),
    "question_answering": (answering, asked),
}


@pytest.mark.parametrize("name, model", product(TASKS, MODELS))
def test_each_task_takes_its_own_kind_of_model(name, model):
    make, batch = TASKS[name]
    if model == name:
        make().check(batch(), Trainer(**QUIET))
        return
    with pytest.raises(BadInput, match=f"{type(make()).__name__} trains models"):
        another = type(make()).__new__(type(make()))
        Task.__init__(another, MODELS[model](), {}, ADAM)
        another.check(batch(), Trainer(**QUIET))


PIXELS = SegmentationBatch(torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 4, dtype=torch.long), torch.zeros(1).long())
OTHERS = [(name, data) for name, data in product(TASKS, [*TASKS, "segmentation"]) if name != data]


@pytest.mark.parametrize("name, data", OTHERS)
def test_each_task_takes_its_own_kind_of_data(name, data):
    task, batch = TASKS[name][0](), PIXELS if data == "segmentation" else TASKS[data][1]()
    with pytest.raises(BadInput, match=f"learns from {task.batch_kind}, these data are {batch.kind}$"):
        task.check(batch, Trainer(**QUIET))


@pytest.mark.parametrize("of_stories, words", [(True, "pictures: model=question_"), (False, "stories: model=story_question_")])
def test_encoders_of_stories_and_of_pictures_are_told_apart(of_stories, words):
    answering(of_stories).check(asked(of_stories), Trainer(**QUIET))
    with pytest.raises(BadInput, match=words):
        answering(of_stories).check(asked(not of_stories), Trainer(**QUIET))


@every_task
def test_a_search_that_cannot_be_is_said_before_training(name):
    task, batch = MADE[name][0](search=Beam(width=99)), TASKS[name][1]()
    with pytest.raises(BadInput, match="width=99 is wider than the vocabulary"):
        task.train().check(batch, Trainer(**QUIET))


@every_task
def test_a_check_leaves_all_as_it_was(name):
    task = MADE[name][0]().train()
    before = {key: value.clone() for key, value in task.state_dict().items()}
    task.check(TASKS[name][1](), Trainer(**QUIET))
    assert task.training and task.model.encoder.training
    assert all(torch.equal(value, before[key]) for key, value in task.state_dict().items())


BAD_OPTIONS = [
    ({"label_smoothing": 1.0}, "label_smoothing=1.0 must be"),
    ({"label_smoothing": -0.1}, "label_smoothing=-0.1 must be"),
    ({"doubly_stochastic": -1.0}, "doubly_stochastic=-1.0 must be"),
    ({"doubly_stochastic": math.nan}, "doubly_stochastic=nan must be"),
    ({"doubly_stochastic": 1.0, "attention": "none"}, "doubly_stochastic needs an attention"),
    ({"scheduled_sampling": 2.0}, "scheduled_sampling=2.0 must be"),
    ({"scheduled_sampling": math.nan}, "scheduled_sampling=nan must"),
    ({"scheduled_sampling": True}, "scheduled_sampling=True must"),
    ({"sampling_schedule": "linaer"}, "sampling_schedule='linaer' is unknown; did you mean 'linear'"),
    ({"scores": ["bleu", "cidre"]}, "scores.1='cidre' is unknown; did you mean 'cider"),
    ({"at_lengths": [5, 0]}, "at_lengths.1=0 must be"),
]
test_bad_options_of_translation_are_one_line = refusals(*BAD_OPTIONS, of=translation)
test_bad_options_of_captioning_are_one_line = refusals(*BAD_OPTIONS, of=captioning)


def test_accuracy_at_lengths_is_measured():
    found = evaluated(translation(at_lengths=[1, 2, 9]), pairs_data())
    assert 0 <= found["token_accuracy/1"] <= 1 and 0 <= found["token_accuracy/2"] <= 1 and math.isnan(found["token_accuracy/9"])


@every_task
def test_training_measures_what_it_is_taught_alone(name):
    task = MADE[name][0]()
    assert task.metric_tags("train") == ["train/forced_accuracy", "train/loss"]
    written = {"test/token_accuracy", "test/exposure_gap", "test/chrf", "test/bleu4", "test/loss"}
    assert written <= set(task.metric_tags("test")) and "val/token_accuracy" in task.metric_tags("val")
    trainer = Trainer(max_epochs=1, log_every_n_steps=1, **QUIET)
    trainer.fit(task, MADE[name][1]())
    assert {n for n in trainer.callback_metrics if n.startswith("train/")} == set(task.metric_tags("train"))
    assert {n for n in trainer.callback_metrics if n.startswith("val/")} == set(task.metric_tags("val"))


def test_characters_stand_side_by_side_and_nothing_follows_the_end():
    task = translation()
    word = task.tokenisers["target"].vocabulary.index["dog"]
    tokens = torch.tensor([[word, UNKNOWN, END, word], [END, END, END, END]])
    assert task.texts(tokens) == ["dog <unk>", ""]
    task.tokenisers["target"].unit = "characters"
    assert task.texts(tokens) == ["dog<unk>", ""]
    source, target = (task.tokenisers[side].vocabulary.index for side in ("source", "target"))
    assert source != target and "hund" in source and "hund" not in target


def test_a_search_never_writes_what_is_no_token_of_a_text():
    task = translation().eval()
    with torch.no_grad():
        task.model.decoder.head.bias[[0, UNKNOWN, BEGIN]] = 100.0
    assert not set(task.write(task.encode(pairs_data().example_batch("val", 5))).tokens.flatten().tolist()) & {0, UNKNOWN, BEGIN}


PAIRED = [
    "data=copy_pairs",
    "data.dataset.read.sizes={train: 64, val: 8, test: 8}",
    "data.dataset.read.length={train: [1, 4], val: [1, 4], test: [1, 4]}",
    "data.batch_size=8",
    "model=sequence_to_sequence",
    "model.cell.hidden_size=8",
    "model.embedding_size=8",
    "model.search.max_length=6",
    "task=translation",
    "trainer.log_every_n_steps=1",
]
SAMPLED = [*PAIRED, "model.dropout=0.3", "task.scheduled_sampling=0.5", "task.sampling_schedule=linear", "trainer.max_epochs=4"]


def trained(folder, *words):
    folder.mkdir(exist_ok=True)
    path = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"
    return script("train", *SAMPLED, *words, f"hydra.run.dir={folder}/run", cwd=folder, PYTHONPATH=path), folder / "run"


def metrics(run):
    return json.loads((run / "metrics.json").read_text())


@pytest.mark.slow
def test_one_seed_one_result_and_a_killed_run_goes_on_to_the_same(tmp_path):
    """With dropout and scheduled sampling, which are drawn anew at every step."""
    runs = [trained(tmp_path / name) for name in ("one", "two")]
    assert [done.returncode for done, _ in runs] == [0, 0], runs[0][0].stderr
    one, two = (metrics(run) for _, run in runs)
    assert one == pytest.approx(two, abs=0, nan_ok=True)
    kill = f"+callbacks.kill={{_target_: commands.KillOnce, epoch: 2, done: {tmp_path}/done}}"
    killed, run = trained(tmp_path / "killed", kill)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert torch.load(run / "checkpoints/last.ckpt", weights_only=True)["epoch"] == 1 and not (run / "metrics.json").exists()
    done, _ = trained(tmp_path / "killed", kill, "ckpt_path=last")
    assert done.returncode == 0, done.stderr
    assert metrics(run) == pytest.approx(one, abs=0, nan_ok=True)


def test_a_tested_network_writes_with_several_beams():
    task, data = captioning(score_truth=True, search=Beam(max_length=12, width=5), scores=["bleu", "cider_d"]), caption_data()
    learn(task, data.example_batch("val", 5), 20)
    probe = Beams([3, 5], ["bleu4", "cider_d", "facts"])
    found = Trainer(callbacks=[probe], **QUIET).test(task, datamodule=data, verbose=False)[0]
    assert set(probe.metric_tags()) <= set(found) and task.model.search.width == 5
    assert all(found[f"test/beam/5/{name}"] == found[f"test/{name}"] for name in ("bleu4", "cider_d"))
    likeliest, three, five = (found[f"test/beam/{width}/cider_d"] for width in (1, 3, 5))
    assert found["test/beam_gain/cider_d"] == pytest.approx((three + five) / 2 - likeliest, abs=1e-5)
    task.model.search = replace(GREEDY, max_length=12)
    assert likeliest == pytest.approx(evaluated(task, data)["cider_d"], abs=1e-5)


def beams(search=None, widths=(3,), scores=("bleu4",)):
    task = captioning() if search is None else captioning(search=search)
    Beams(widths, scores).setup(Trainer(**QUIET), task, "test")


test_beams_that_cannot_be_tested = refusals(
    ({}, "probe=beams is for tasks that write texts by model/search=beam"),
    (Beam(max_length=4), {"scores": ["bleu"]}, "'bleu' .*did you mean 'bleu4'"),
    (Beam(max_length=4), {"widths": []}, "must be widths above 1"),
    (Beam(max_length=4), {"widths": [1, 3]}, "widths.0=1 must be"),
    of=beams,
)
