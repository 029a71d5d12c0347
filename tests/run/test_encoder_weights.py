"""A captioner or an answerer whose encoder starts from a segmenter, or from a file as torchvision's; files that have none."""

import json
from functools import partial

import pytest
import torch
from commands import TINY, compose, error_line, script, succeed, trained_run
from refusals import refusals

from ablate.errors import BadInput
from ablate.model.segmenter.encoder.vgg16 import VGG16
from ablate.run.build import build
from ablate.run.load import start_from_weights

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("encoder_weights")]  # one trained segmenter for all
CAPTIONS = ["data=scene_captions", "model=captioner", "task=captioning", "model/search=greedy", "data.max_length=4"]
QUESTIONS = ["data=scene_questions", "model=question_answering", "task=question_answering"]
VGG = ["model/encoder=vgg16", "model.encoder.width=4"]
FCN = ["model/decoder=scores"]
SHORT = [*TINY, "data.dataset.sizes={train: 8, val: 4, test: 4}", "trainer.max_epochs=1"]
BEST = "checkpoints/best.ckpt"
FROM = "task.encoder_weights="
assert_equal = partial(torch.testing.assert_close, rtol=0, atol=0)


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory):
    return trained_run(tmp_path_factory.mktemp("segmenter"), *TINY) / BEST


def train(folder, *words):
    return script("train", *words, f"hydra.run.dir={folder}/run", cwd=folder)


def encoder_of(path, prefix):
    state = torch.load(path, weights_only=True)["state_dict"]
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


@pytest.mark.parametrize("words", [CAPTIONS, QUESTIONS], ids=["captions", "questions"])
def test_a_frozen_encoder_stays_the_segmenters(segmenter, tmp_path, words):
    copy = tmp_path / "weights.ckpt"
    copy.write_bytes(segmenter.read_bytes())
    best = trained_run(tmp_path, *SHORT, *words, f"{FROM}{copy}", "model.frozen=true") / BEST
    ours = encoder_of(best, "model.encoder.backbone.")
    assert any("running_mean" in name for name in ours)
    assert_equal(ours, encoder_of(segmenter, "model.encoder."))
    copy.unlink()  # a checkpoint has the weights: nothing is read a second time
    succeed("evaluate", f"checkpoint={best}", cwd=tmp_path)
    (found,) = tmp_path.glob("logs/evaluate/*/metrics.json")
    first = json.loads((tmp_path / "run/metrics.json").read_text())
    assert json.loads(found.read_text())["test/loss"] == first["test/loss"]


def test_a_trained_encoder_starts_there_and_goes_on_from_its_own_checkpoint(segmenter, tmp_path):
    words = [*SHORT, *CAPTIONS, f"{FROM}{segmenter}"]
    still, moving = tmp_path / "still", tmp_path / "moving"
    for folder, more in ((still, ["optimizer.lr=1e-12"]), (moving, [])):
        folder.mkdir()
        trained_run(folder, *words, *more)
    theirs = encoder_of(segmenter, "model.encoder.")
    stood, moved = (encoder_of(folder / "run/checkpoints/best.ckpt", "model.encoder.backbone.") for folder in (still, moving))
    weights = [name for name in theirs if name.endswith("weight")]
    assert all(torch.allclose(stood[name], theirs[name], atol=1e-9) for name in weights)
    assert not any(torch.equal(moved[name], theirs[name]) for name in weights if "0.0" in name)
    gone = f"{FROM}{tmp_path}/gone.ckpt"  # nor is it read where a run goes on
    last = f"ckpt_path={moving}/run/checkpoints/last.ckpt"
    succeed("train", *words[:-1], gone, last, "trainer.max_epochs=2", cwd=tmp_path)


def test_weights_in_torchvisions_layout(tmp_path):
    torch.manual_seed(7)
    state = dict(VGG16(width=4).state_dict())
    torch.save({**state, "classifier.0.weight": torch.ones(2, 2)}, tmp_path / "vgg16.pth")
    run = trained_run(
        tmp_path,
        *(word for word in SHORT if "model.encoder" not in word),
        *CAPTIONS,
        *VGG,
        f"{FROM}{tmp_path}/vgg16.pth",
        "model.frozen=true",
    )
    assert_equal(encoder_of(run / BEST, "model.encoder.backbone."), state)


def test_another_encoder_is_one_line_that_names_the_shape(segmenter, tmp_path):
    line = error_line(train(tmp_path, *TINY, *CAPTIONS, f"{FROM}{segmenter}", "model.encoder.width=5"))
    assert f"{FROM}{segmenter}: the encoder's levels.0.0.0.weight has shape (5, 3, 3, 3), the given weights (4, 3, 3, 3)" in line
    assert not (tmp_path / "run/checkpoints").exists()  # before any training


def started_from(folder, **content):
    """From a file with `content`; others that are bad are read as a checkpoint is: see test_load.py."""
    torch.save(content, folder / "bad.ckpt")
    start_from_weights(build(compose(*CAPTIONS, f"{FROM}{folder}/bad.ckpt"), "task"))


test_a_file_without_an_encoder_is_one_line = refusals(
    ({}, "bad.ckpt.* holds no weights"),
    ({"epoch": 3}, "bad.ckpt.* nor weights alone: it holds 'epoch', a int"),
    ({"fc.weight": torch.ones(2)}, "bad.ckpt: .*levels.0.0.0.weight is not among the 1 weights given"),
    of=started_from,
    fixtures=["tmp_path"],
)


def test_a_missing_file_ends_a_run_before_its_training(tmp_path):
    line = error_line(train(tmp_path, *TINY, *CAPTIONS, f"{FROM}{tmp_path}/gone.ckpt"))
    assert "gone.ckpt' is not a file" in line and not (tmp_path / "run/checkpoints").exists()


def test_a_network_of_stories_has_no_encoder(segmenter):
    words = ["data=babi", "model=story_question_answering", "task=question_answering", "data.vocabulary_size=9"]
    with pytest.raises(BadInput, match="encoder_weights=.*: this network has no encoder of pictures"):
        start_from_weights(build(compose(*words, f"{FROM}{segmenter}"), "task"))


@pytest.fixture(scope="module")
def coarse(tmp_path_factory):
    return trained_run(tmp_path_factory.mktemp("coarse"), *TINY, *FCN, "model.decoder.strides=[4]") / BEST


def test_a_finer_fcn_starts_where_a_coarser_one_ended(coarse, segmenter):
    """Encoder and scores of the coarsest stride; what is new is named, and another kind of network is refused."""
    state = torch.load(coarse, weights_only=True)["state_dict"]
    task = build(compose(*TINY, *FCN, f"task.initial_weights={coarse}"), "task")
    new = task.load_initial(state)
    assert new == [
        "decoder.scores.1.weight",
        "decoder.scores.1.bias",
        "decoder.enlargements.0.weight",
        "decoder.enlargements.1.weight",
    ]
    own = task.model.state_dict()
    assert_equal(
        {name: own[name] for name in own if name not in new}, {name: state[f"model.{name}"] for name in own if name not in new}
    )
    with pytest.raises(BadInput, match="initial_weights=.*: nothing but the encoder fits"):
        start_from_weights(build(compose(*TINY, *FCN, f"task.initial_weights={segmenter}"), "task"))
    with pytest.raises(BadInput, match="leave task.encoder_weights null"):
        build(compose(*TINY, f"task.initial_weights={segmenter}", f"{FROM}{segmenter}"), "task")
    with pytest.raises(BadInput, match="only a segmenter starts from"):
        build(compose(*CAPTIONS), "task").load_initial(state)


def test_a_run_says_what_is_new(coarse, tmp_path):
    done = succeed("train", *SHORT, *FCN, f"task.initial_weights={coarse}", f"hydra.run.dir={tmp_path}/run", cwd=tmp_path)
    assert f"starts from {coarse}; new: decoder.scores.1.weight" in done.stdout
