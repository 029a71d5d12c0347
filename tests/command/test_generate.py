"""A language model from its run to its texts: the run's folder, its test metrics again, what it writes, what is refused."""

import json
from pathlib import Path

import pytest
import torch
from commands import TINY, composed, evaluated
from refusals import refusals
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ablate.cli.command import quoted
from ablate.command.generate.generate import generate
from ablate.errors import BadInput
from ablate.run.load import load_task
from ablate.run.train import train

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("generate")]  # two trained runs for all
BEST = "checkpoints/best.ckpt"
TEXT = "The cat sat on the mat. A dog ran; the cat ran too.\n" * 60
WORDS = [
    "data=text", "model=language_model", "model/cell=gru", "task=language_modelling", "data.length=20", "data.batch_size=8",
    "model.cell.hidden_size=8", "model.embedding_size=8", "trainer.max_epochs=2", "trainer.log_every_n_steps=1",
    "callbacks.samples.length=15", "task.truncate=7",
]  # fmt: skip


def trained(folder: Path, text: str, *words: str) -> Path:
    (folder / "book.txt").write_text(text)
    given = [*WORDS, f"data.root={folder}/book.txt", *words]
    train(composed("train", folder / "run", *given))
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("characters"), TEXT, "probe=inside", "probe.inside.samples=2")


@pytest.fixture(scope="module")
def of_words(tmp_path_factory):
    quiet = ["data.dataset.tokeniser={unit: words, lower: true}", "logger=none", "trainer.max_epochs=1"]
    return trained(tmp_path_factory.mktemp("words"), TEXT, *quiet)


def written(folder: Path, checkpoint: Path, *words: str) -> list[str]:
    path = checkpoint / BEST
    return generate(composed("generate", folder, f"checkpoint={path}", "length=12", *map(quoted, words)))


def test_the_runs_folder(run):
    state = json.loads((run / "run.json").read_text())
    assert state["status"] == "finished"
    kept = {path.name for path in run.glob("*.*")}
    assert {"metrics.json", "history.json", "samples.txt", "inside_gradient.png", "inside_states.png", "inside_gates.png"} <= kept
    texts = (run / "samples.txt").read_text()
    assert len(texts) >= 4 * 15
    curves = json.loads((run / "history.json").read_text())
    assert len(curves["val/bits_per_token"]) == 2 and curves["val/perplexity"][0][1] == pytest.approx(
        2 ** curves["val/bits_per_token"][0][1], rel=1e-4
    )


def test_what_tensorboard_gets(run):
    events = EventAccumulator(str(run), {"images": 0, "scalars": 0, "tensors": 0}).Reload()
    assert {"inside/gradient", "inside/states", "inside/gates"} <= set(events.Tags()["images"])
    assert {"val/bits_per_token", "test/perplexity", "train/loss_step", "train/grad_norm"} <= set(events.Tags()["scalars"])
    assert any(tag.startswith("val/samples") for tag in events.Tags()["tensors"])


def test_evaluate_gives_the_metrics_of_the_run(run, tmp_path):
    first = json.loads((run / "metrics.json").read_text())
    found = evaluated(tmp_path, run / BEST)
    assert found == pytest.approx({tag: first[tag] for tag in found}, abs=0) and "test/bits_per_token" in found


def test_another_text_is_read_with_the_vocabulary_of_the_checkpoint(run, tmp_path):
    (tmp_path / "other.txt").write_text("Zebra zzz. " * 200)
    (tmp_path / "same.txt").write_text(TEXT)
    other = evaluated(tmp_path, run / BEST, f"data.root={tmp_path}/other.txt")
    assert other["test/perplexity"] > evaluated(tmp_path, run / BEST)["test/perplexity"]
    assert evaluated(tmp_path, run / BEST, f"data.root={tmp_path}/same.txt") == evaluated(tmp_path, run / BEST)


def test_texts_go_on_from_a_prefix_and_repeat_with_their_seed(run, tmp_path):
    texts = written(tmp_path, run, "prefix=The cat", "samples=2")
    assert all(text.startswith("The cat") and len(text) == 7 + 12 for text in texts)
    assert (tmp_path / "samples.txt").read_text() == "\n\n".join(texts) + "\n"
    again, other = (written(tmp_path, run, "prefix=The cat", "samples=2", f"seed={seed}") for seed in (0, 1))
    assert texts == again != other
    greedy = written(tmp_path, run, "samples=2", "top_k=1")
    assert greedy[0] == greedy[1] and set("".join(texts)) <= set(TEXT)


def test_of_words_a_text_has_words(of_words, tmp_path):
    (text,) = written(tmp_path, of_words, "prefix=The Cat", "samples=1")
    assert text.startswith("The Cat ") and len(text.split()) == 2 + 12
    assert set(text.lower().split()) <= set(TEXT.lower().split())
    assert len(written(tmp_path, of_words, "samples=1")[0].split()) == 12
    assert all(set(line.split()) <= set(TEXT.lower().split()) for line in (of_words / "samples.txt").read_text().splitlines())


test_bad_words_are_one_line = refusals(
    (["prefix=caf\u00e9"], "prefix='caf\u00e9': the network has never seen 'f'"),
    (["count=2"], "count=2: that is for a network that draws, checkpoint .* holds a LanguageModelling"),
    (["prefix=2"], "prefix='2': the network has never seen '2'"),
    (["samples=0"], "samples=0"),
    (["length=0"], "steps=0"),
    (["temperature=0"], "temperature=0"),
    (["top_p=2"], "top_p=2"),
    of=lambda run, folder, words: written(folder, run, *words),
    fixtures=["run", "tmp_path"],
)


def test_a_checkpoint_of_another_task_is_refused(tmp_path):
    train(composed("train", tmp_path / "run", *TINY, "debug=fast", "logger=none"))
    with pytest.raises(BadInput, match="needs a language model or a network that draws: .* holds a Segmentation"):
        written(tmp_path, tmp_path / "run")


def test_a_checkpoint_keeps_its_tokens(run):
    checkpoint = torch.load(run / BEST, weights_only=True)
    state = checkpoint["tokenisers"]["source"]
    assert state["tokens"][4] == " " and set(state["tokens"][4:]) <= set(TEXT)
    assert load_task(checkpoint, "best.ckpt").tokenisers["source"].state() == state
