"""The checkerboard of whole networks: every decoder, before training, in a run, and from a checkpoint."""

import json
import math

import pytest
import torch
from commands import TINY, compose, error_line, script, succeed, trained_run
from generated import scenes
from hydra.utils import instantiate

from ablate.analysis.checkerboard import NAMES, flat_response, logits_and_gradient, measure
from ablate.callback.checkerboard import CheckerboardMeasures
from ablate.errors import BadInput
from ablate.figure.checkerboard import plot_checkerboard
from ablate.files import options

DECODERS = options("model/decoder")
SMALL = ["model.encoder.width=4", "model.encoder.depth=2"]
# At random initialisation: coverage by the kernel's shape; sqrt(3) where phases share no weight and there are many of them.
EVEN = {"nearest": 0, "bilinear": 0, "resize_conv": 0}


def task(*words):
    torch.manual_seed(0)
    return instantiate(compose(*SMALL, *words).task, _convert_="all")


def batches(count=2):
    data = scenes("test", image_size=32)
    return [data.finish(data.collate([data[8 * i + j] for j in range(8)])) for i in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("skip", ["none", "add"])
@pytest.mark.filterwarnings("error")
def test_every_decoder_is_measured_and_left_as_it_was(decoder, skip):
    started = ["model.decoder.zero_scores=false"] if decoder == "scores" else []  # scores of zero have no pattern
    of = task(f"model/decoder={decoder}", f"model.decoder.skip={skip}", *started).train()
    before = {name: tensor.clone() for name, tensor in of.state_dict().items()}
    found = measure(of, batches())
    assert tuple(found.values) == NAMES and of.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in of.state_dict().items())
    assert all(parameter.grad is None for parameter in of.parameters())
    layers = found.values["coverage"], found.values["phase_bias"]
    if decoder == "scores" or decoder == "bilinear_fixed" and skip == "none":
        assert all(map(math.isnan, layers))
    elif decoder in EVEN or decoder == "bilinear_fixed":
        assert layers == (pytest.approx(1), pytest.approx(0, abs=1e-12))
    elif decoder in ("bed_of_nails", "max_unpool", "deconvnet"):
        assert layers == (0, pytest.approx(math.sqrt(3)))
    else:
        assert layers == (pytest.approx(1), pytest.approx(math.sqrt(3), rel=0.3))
    others = {name: value for name, value in found.values.items() if name not in ("coverage", "phase_bias")}
    assert all(map(math.isfinite, others.values())), others
    assert 0 <= others["phase_share"] <= 1 and others["gradient_phase"] >= 1
    lines = plot_checkerboard({"here": found}).axes[1].images[0].get_array()  # of the flat answer, at multiples of 1/4
    assert lines.shape == (4, 4) and lines[2, 2] < -100  # its mean was taken away
    assert lines.max() == 0 or others["flat_variation"] < 1e-3


def test_icnr_starts_as_even_as_nearest_and_the_default_does_not():
    icnr = measure(task("model/decoder=pixel_shuffle", "model.decoder.init=icnr"), batches()).values
    default = measure(task("model/decoder=pixel_shuffle"), batches()).values
    assert icnr["phase_bias"] == pytest.approx(0, abs=1e-7) and default["phase_bias"] > 1
    assert icnr["flat_variation"] < 1e-3 < default["flat_variation"]
    assert icnr["phase_share"] < default["phase_share"]


def test_the_flat_answer_sees_no_border():
    """A larger flat picture gives the same answer: no padding reaches into what is looked at."""
    model = task("model/decoder=transposed_conv").eval().model
    with torch.no_grad():
        larger = model(torch.full((1, 3, 256, 256), 0.5))[0, :, 96:-96, 96:-96]
    assert torch.allclose(flat_response(model, 4), larger, atol=1e-6)


def test_the_gradient_is_that_of_the_loss():
    of, (batch,) = task("model/decoder=nearest").eval().double(), batches(1)
    batch = batch._replace(image=batch.image.double())
    _, gradient = logits_and_gradient(of, batch)
    nudge = torch.zeros_like(batch.image)
    nudge[3, 1, 10, 7] = 1e-6
    with torch.no_grad():
        slope = of.step(batch._replace(image=batch.image + nudge)).loss - of.step(batch._replace(image=batch.image - nudge)).loss
    assert float(slope / 2e-6) == pytest.approx(float(gradient[3, 1, 10, 7]), rel=1e-4, abs=1e-9)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    words = [*TINY, "data.image_size=32", "probe=checkerboard"]
    return trained_run(tmp_path_factory.mktemp("checkerboard"), *words)


@pytest.mark.slow
@pytest.mark.xdist_group("checkerboard")
def test_a_run_ends_with_the_measures_of_its_start_and_its_end(run):
    metrics = json.loads((run / "metrics.json").read_text())
    for moment in ("checkerboard_start", "checkerboard"):
        assert {f"test/{moment}/{name}" for name in NAMES} <= metrics.keys()
    assert metrics["test/checkerboard_start/phase_share"] != metrics["test/checkerboard/phase_share"]
    assert (run / "checkerboard.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.xdist_group("checkerboard")
def test_evaluate_measures_a_checkpoint_of_a_run_without_the_callback_too(run, tmp_path):
    best = run / "checkpoints/best.ckpt"
    succeed("evaluate", f"checkpoint={best}", "probe=checkerboard", cwd=tmp_path)
    (found,) = tmp_path.glob("logs/evaluate/*/metrics.json")
    again, first = json.loads(found.read_text()), json.loads((run / "metrics.json").read_text())
    assert {tag: first[tag] for tag in again} == pytest.approx(again, rel=1e-5, nan_ok=True)
    assert again.keys() == {tag for tag in first if tag.startswith("test/") and "checkerboard_start" not in tag}
    assert (found.parent / "checkerboard.png").exists()
    line = error_line(script("evaluate", f"checkpoint={best}", "probe=chequerboard", cwd=tmp_path))
    assert "chequerboard" in line and "checkerboard" in line


def test_pictures_below_one_are_refused():
    with pytest.raises(BadInput, match="pictures=0 must be a whole number of at least 1"):
        CheckerboardMeasures(".", 0)
