"""Evaluate and predict from a checkpoint."""

import json

import numpy as np
import pytest
from commands import TINY, error_line, script, succeed, trained_run
from PIL import ExifTags, Image

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("inference")]  # one trained run for all


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained_run(tmp_path_factory.mktemp("trained"), *TINY, "model/decoder=max_unpool")


@pytest.fixture
def best(run):
    return run / "checkpoints/best.ckpt"


def test_evaluate_gives_the_metrics_of_the_run(run, best, tmp_path):
    succeed("evaluate", f"checkpoint={best}", cwd=tmp_path)
    (found,) = tmp_path.glob("logs/evaluate/*/metrics.json")
    again, first = json.loads(found.read_text()), json.loads((run / "metrics.json").read_text())
    assert again == pytest.approx({tag: first[tag] for tag in again}, abs=0, nan_ok=True)
    assert "test/miou" in again


def test_evaluate_takes_other_data(best, tmp_path):
    succeed("evaluate", f"checkpoint={best}", "data.dataset.seed=7", cwd=tmp_path)
    assert "data.num_classes was 9 and is 11" in error_line(script("evaluate", f"checkpoint={best}", "data=camvid", cwd=tmp_path))
    line = error_line(script("evaluate", f"checkpoint={best}", "model/decoder=nearest", cwd=tmp_path))
    assert "model/decoder=nearest: network and task are the checkpoint's own" in line


@pytest.mark.parametrize("size", [(37, 22), (16, 16), (1, 5)])
def test_predict_writes_a_mask_and_an_overlay_at_the_pictures_own_size(best, tmp_path, size):
    picture = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "one.png")
    succeed("predict", f"checkpoint={best}", f"input={tmp_path}/one.png", "output=out", cwd=tmp_path)
    mask, overlay = Image.open(tmp_path / "out/one.png"), Image.open(tmp_path / "out/one_overlay.png")
    assert mask.mode == "P" and mask.size == overlay.size == size
    assert np.asarray(mask).max() < 9


def test_predict_of_a_folder_names_the_corrupt_picture_and_does_the_others(best, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.new("RGB", (9, 9), "red").save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no picture")
    (folder / "._a.png").write_bytes(b"what macOS hides")
    (turned := Image.Exif())[ExifTags.Base.Orientation] = 6
    Image.new("L", (9, 5)).save(folder / "c.jpg", exif=turned)
    line = error_line(script("predict", f"checkpoint={best}", f"input={folder}", "output=out", cwd=tmp_path))
    assert "b.png" in line and Image.open(tmp_path / "out/c.png").size == (5, 9)
    assert {p.name for p in (tmp_path / "out").glob("*.png")} == {"a.png", "a_overlay.png", "c.png", "c_overlay.png"}


def test_predict_writes_over_nothing(best, tmp_path):
    Image.new("RGB", (9, 9), "red").save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    line = error_line(script("predict", f"checkpoint={best}", "input=.", "output=.", cwd=tmp_path))
    assert "holds a.png already" in line and (tmp_path / "a.png").read_bytes() == before
    Image.new("RGB", (9, 9), "red").save(tmp_path / "a.jpg")
    line = error_line(script("predict", f"checkpoint={best}", "input=.", "output=out", cwd=tmp_path))
    assert "two pictures are called 'a'" in line
    assert "device=nowhere" in error_line(script("predict", f"checkpoint={best}", "input=.", "device=nowhere", cwd=tmp_path))


def test_a_prediction_that_fails_leaves_a_run_finished(run, best):
    before = (run / "run.json").read_bytes()
    line = error_line(script("predict", f"checkpoint={best}", "input=nowhere", f"output={run}", cwd=run))
    assert "input='nowhere' is neither a picture nor a folder" in line and (run / "run.json").read_bytes() == before
