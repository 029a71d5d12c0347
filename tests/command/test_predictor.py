"""A checkpoint in three lines of Python: pictures, texts and numbers in, what its task predicts out."""

import json

import numpy as np
import pytest
import torch
from commands import TINY, composed, evaluated
from PIL import Image
from refusals import refusals
from sequence_data import dataset

import ablate
from ablate.command.predict.predict import predict
from ablate.model.segmenter.windows import Windows
from ablate.run.train import train
from ablate.task.segmentation import Segmentation

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("predictor")]
SHORT = ["experiment=names", "debug=fast", "model.cell.hidden_size=8", "logger=none", "~callbacks.progress"]
RUNS = {"segmenter": [*TINY, "trainer.max_epochs=1", "logger=none"], "names": SHORT}
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 18, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, words in RUNS.items():
        train(composed("train", folder / name, *words))
    return {name: folder / name / "checkpoints/best.ckpt" for name in RUNS}


@pytest.fixture(scope="module")
def segmenter(checkpoints):
    return ablate.load(checkpoints["segmenter"])


@pytest.fixture(scope="module")
def names(checkpoints):
    return ablate.load(str(checkpoints["names"]))


def test_a_picture_is_an_array_of_bytes_or_of_floats_or_of_pillow_or_a_file(segmenter, tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "a.png")
    forms = [PICTURE, PICTURE / 255, (PICTURE / 255).astype(np.float32), Image.fromarray(PICTURE), tmp_path / "a.png"]
    found = segmenter.predict([*forms, str(tmp_path / "a.png")])
    image = torch.from_numpy(PICTURE).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        expected = segmenter.task.model(image)[0].softmax(0).numpy()
    for each in found:
        np.testing.assert_allclose(each.probability, expected, atol=1e-6)
        assert np.array_equal(each.label, expected.argmax(0)) and each.class_names[0] == "background" and each.resized is None


def test_scores_may_come_from_windows_of_the_picture(segmenter, checkpoints, tmp_path):
    windows = Windows([0.5])
    found = segmenter.predict(PICTURE, windows=windows)
    image = torch.from_numpy(PICTURE).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        expected = windows(segmenter.task.model, image)[0].softmax(0).numpy()
    np.testing.assert_allclose(found.probability, expected, atol=1e-6)
    assert not np.allclose(found.probability, segmenter.predict(PICTURE).probability, atol=1e-3)
    Image.fromarray(PICTURE).save(tmp_path / "a.png")
    words = [f"checkpoint={checkpoints['segmenter']}", f"input={tmp_path}/a.png", f"output={tmp_path}/masks", "windows=[0.5]"]
    predict(composed("predict", tmp_path, *words))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "masks/a.png")), found.label)


def test_a_checkpoint_is_tested_on_whole_pictures_and_from_windows(segmenter, checkpoints, tmp_path):
    """By hand: the scores of predictions from windows, beside those that the test has."""
    sizes = "data.dataset.sizes={train: 8, val: 8, test: 24}"
    words = [*RUNS["segmenter"][1:], sizes, "~callbacks.progress", "probe=windows", "probe.windows.shares=[0.75]"]
    found = evaluated(tmp_path, checkpoints["segmenter"], *(word for word in words if not word.startswith("model")))
    metrics = {name: metric.clone() for name, metric in segmenter.task.metrics["test_"].items()}
    batch = dataset("scenes", image_size=16, dataset__sizes={"test": 24})(split="test")
    batch = batch.finish(batch.collate([batch[i] for i in range(24)]))
    with torch.inference_mode():
        prediction = Windows([0.75])(segmenter.task.model, batch.image).argmax(1)
    for metric in metrics.values():
        metric.update(prediction, batch.label)
    by_hand = {"miou": metrics["scores"].compute()["miou"], "boundary_f1": metrics["boundary_f1"].compute()}
    for name, value in by_hand.items():
        assert found[f"test/windows/{name}"] == pytest.approx(float(value), abs=1e-6)
        gain = found[f"test/windows/{name}"] - found[f"test/{name}"]
        assert found[f"test/windows_gain/{name}"] == pytest.approx(gain, abs=1e-6)


def test_a_picture_far_from_the_size_of_the_training_is_seen_at_that_size(segmenter):
    large = np.kron(PICTURE[..., 0], np.ones((4, 4), np.uint8))
    found, kept = segmenter.predict(large), segmenter.predict(large, resize=False)
    assert found.resized == (16, 16) and kept.resized is None
    assert found.label.shape == kept.label.shape == (80, 72) and found.probability.shape[1:] == (80, 72)
    assert segmenter.predict(PICTURE, resize=True).resized == (16, 16)
    np.testing.assert_allclose(found.probability.sum(0), 1, atol=1e-5)


def test_a_text_gets_its_class(names):
    found = names.predict(["Schmidt", "Rossi"])
    assert len(found) == 2 and {each.label for each in found} <= {*names.task.trained_on("class_names")}
    for each in found:
        assert sum(each.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert each.probability == max(each.probabilities.values()) == each.probabilities[each.label]


def test_the_command_prints_the_likeliest_classes_and_keeps_all(names, checkpoints, tmp_path, capsys):
    words = [f"checkpoint={checkpoints['names']}", "input=Schmidt", f"output={tmp_path}/out"]
    predict(composed("predict", tmp_path / "out", *words))
    (line,) = (tmp_path / "out/predictions.jsonl").read_text().splitlines()
    expected = names.predict("Schmidt")
    assert json.loads(line) == {"input": "Schmidt", **expected._asdict()}
    assert capsys.readouterr().out.startswith(f"{expected.label}  (p = ")


test_what_is_no_picture_is_one_line = refusals(
    (lambda segmenter: segmenter.predict(PICTURE.astype(float)), r"floats of a picture lie in \[0, 1\], these in \[0, 255\]"),
    (lambda segmenter: segmenter.predict(PICTURE.astype(np.int64)), "uint8, or floats in .*, not int64"),
    (lambda segmenter: segmenter.predict(PICTURE[None]), r"shape \(1, 20, 18, 3\) is no picture"),
    (lambda segmenter: segmenter.predict(3), "not a int"),
    (lambda segmenter: segmenter.predict("nowhere.png"), "nowhere.png"),
    fixtures=["segmenter"],
)
test_what_is_no_text_is_one_line = refusals(
    (lambda names: names.predict(PICTURE), "the network reads text, not an array"),
    (lambda names: names.predict(""), "empty text"),
    fixtures=["names"],
)
test_lightnings_own_way_names_ours = refusals(
    (lambda: Segmentation.load_from_checkpoint("best.ckpt"), "ablate.load\\('best.ckpt'\\) is ready to predict"),
)
