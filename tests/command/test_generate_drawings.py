"""A network that draws, from its run to its pictures: what the run keeps, its bound again, and what generate.py draws."""

import json

import numpy as np
import pytest
import torch
from commands import composed, error_line, evaluated, script
from PIL import Image
from refusals import refusals
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ablate.cli.command import quoted
from ablate.command.generate.drawings import FILM, SAMPLES, STRIP
from ablate.command.generate.generate import generate
from ablate.errors import BadInput
from ablate.figure.drawing import GAP, SIDE
from ablate.run.train import train

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("drawings")]  # one trained run for all
BEST = "checkpoints/best.ckpt"
SMALL = ["model.steps=3", "model.cell.hidden_size=8", "trainer.max_epochs=2", "trainer.check_val_every_n_epoch=1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawings") / "run"
    train(composed("train", folder, "experiment=draw_digits", *SMALL))
    return folder


def drawn(folder, run, *words):
    return generate(composed("generate", folder, f"checkpoint={run / BEST}", *map(quoted, words)))


def test_the_run_logs_both_parts_of_the_bound_and_its_drawings(run):
    metrics = json.loads((run / "metrics.json").read_text())
    for split in ("train", "val", "test"):
        parts = metrics[f"{split}/reconstruction"] + metrics[f"{split}/kl"]
        assert metrics[f"{split}/bound"] == pytest.approx(parts, rel=1e-5)
    assert metrics["test/bound"] == pytest.approx(metrics["test/loss"], rel=1e-5)
    assert {"test/late_change", "test/change/2", "test/change/3"} <= set(metrics) and "test/change/4" not in metrics
    events = EventAccumulator(str(run), {"images": 0, "scalars": 0}).Reload()
    assert {"val/samples", "val/canvases"} <= set(events.Tags()["images"])
    assert {"val/bound", "val/kl", "val/reconstruction", "test/bound"} <= set(events.Tags()["scalars"])
    with Image.open(run / "canvases.png") as strip, Image.open(run / "samples.png") as grid:
        assert strip.size == (GAP + 4 * (SIDE + GAP), GAP + 4 * (SIDE + GAP)) and grid.size == (GAP + 6 * (56 + GAP),) * 2


def test_evaluate_finds_the_bound_again(run, tmp_path):
    found, first = evaluated(tmp_path, run / BEST), json.loads((run / "metrics.json").read_text())
    assert found == pytest.approx({tag: first[tag] for tag in found}, abs=0) and "test/bound" in found
    other = evaluated(tmp_path, run / BEST, "data.dataset.binarisation=threshold")["test/bound"]
    assert other != first["test/bound"]
    averaged = evaluated(tmp_path, run / BEST, "task.evaluation_samples=3")["test/bound"]
    assert averaged != first["test/bound"] and averaged == pytest.approx(first["test/bound"], rel=0.05)
    line = error_line(script("evaluate", f"checkpoint={run / BEST}", "task.evaluation_samples=0", cwd=tmp_path))
    assert "task.evaluation_samples=0" in line


def test_pictures_a_strip_and_a_film(run, tmp_path):
    probability = drawn(tmp_path, run, "count=10", f"output={tmp_path / 'own'}")
    assert probability.shape == (10, 28, 28) and probability.min() >= 0 and probability.max() <= 1
    with Image.open(tmp_path / "own" / SAMPLES) as grid:
        assert grid.size == (GAP + 4 * (56 + GAP), GAP + 3 * (56 + GAP))
        first = np.asarray(grid)[GAP : GAP + 56 : 2, GAP : GAP + 56 : 2, 0]
    assert np.array_equal(first, (probability[0] * 255).round().byte().numpy())
    with Image.open(tmp_path / "own" / STRIP) as strip:
        assert strip.size == (GAP + 3 * (SIDE + GAP), GAP + 8 * (SIDE + GAP))
    with Image.open(tmp_path / "own" / FILM) as film:
        assert film.n_frames == 3
    with pytest.raises(BadInput, match=r"own' holds samples.png already; name another folder"):
        drawn(tmp_path, run, f"output={tmp_path / 'own'}")
    again, other = (drawn(tmp_path, run, "count=10", f"seed={seed}") for seed in (0, 1))
    assert torch.equal(again, probability) and not torch.equal(other, probability) and (tmp_path / SAMPLES).exists()


test_bad_words_are_one_line = refusals(
    (["prefix=The"], "prefix=The: that is for a language model, checkpoint .* holds a Generation"),
    (["count=0"], "count=0 must be a whole number of at least 1"),
    of=lambda run, folder, words: drawn(folder, run, *words),
    fixtures=["run", "tmp_path"],
)
