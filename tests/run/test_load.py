"""Evaluate and predict from a checkpoint; files that are none, or that would run code."""

import json
import pickle

import numpy as np
import pytest
import torch
from commands import TINY, composed, error_line, evaluated, script, succeed, trained_run
from PIL import Image

from ablate.command.predict.predict import predict
from ablate.errors import BadInput
from ablate.run.checkpoint import FORMAT, plain_overrides
from ablate.run.load import load_task

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
    assert "model/decoder=nearest: the network is the checkpoint's own" in line


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
    Image.new("L", (9, 9)).save(folder / "c.jpg")
    line = error_line(script("predict", f"checkpoint={best}", f"input={folder}", "output=out", cwd=tmp_path))
    assert "b.png" in line
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


class Evil:
    def __reduce__(self):
        return (print, ("CODE RAN",))


def bad_files(folder, best):
    evil = torch.load(best, weights_only=True)
    evil["config"]["task"]["model"]["encoder"] = {"_target_": "ablate.run.folder.os.system", "command": "echo CODE RAN"}
    other = torch.load(best, weights_only=True)
    other["config"]["task"]["model"]["encoder"]["width"] = 5
    earlier = {name: value for name, value in other.items() if name != "format"}
    for name, content in {"evil_target": evil, "other": other, "earlier": earlier, "tensor": torch.zeros(3)}.items():
        torch.save(content, folder / f"{name}.ckpt")
    torch.save(Evil(), folder / "pickle.ckpt")
    (folder / "plain_pickle.ckpt").write_bytes(pickle.dumps(Evil()))
    (folder / "truncated.ckpt").write_bytes(best.read_bytes()[:5000])
    (folder / "empty.ckpt").write_bytes(b"")


SAID = {
    "evil_target": "would run ablate.run.folder.os.system",
    "other": "does not fit",
    "earlier": "was written by an earlier version of this project: train it again",
    "tensor": "not written by this project",
    "pickle": "would run code",
    "plain_pickle": "refused",
    "truncated": "truncated",
    "empty": "truncated",
    "absent": "is not a file",
}


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_bad_checkpoints_are_one_line_and_run_nothing(best, tmp_path, name, command, capfd):
    bad_files(tmp_path, best)
    checkpoint = f"checkpoint={tmp_path}/{name}.ckpt"
    with pytest.raises(BadInput, match=SAID[name]):
        if command == "evaluate":
            evaluated(tmp_path / "out", tmp_path / f"{name}.ckpt")
        else:
            predict(composed("predict", tmp_path / "out", checkpoint, f"input={tmp_path}", f"output={tmp_path}/out"))
    assert "CODE RAN" not in capfd.readouterr().out


@pytest.mark.parametrize(
    "word",
    [
        "callbacks.progress._target_=os.system", "optimizer={_target_: os.system, command: 'echo CODE RAN'}", "--config-dir=evil",
        "+hydra.callbacks.evil._target_=os.system", "hydra.searchpath=[evil]", "experiment=../../evil",
        "optimizer=${oc.decode:${a}${b}}", 1,
    ],
)  # fmt: skip
def test_overrides_of_a_checkpoint_that_could_run_code_are_refused(word, tmp_path):
    config = {"data": {}, "model": {}, "task": {}}
    checkpoint = {"config": config, "state_dict": {}, "overrides": ["seed=1", word], "format": FORMAT}
    with pytest.raises(BadInput, match="is refused: its override .* could run code"):
        plain_overrides(checkpoint, "a.ckpt")
    if word == "--config-dir=evil":
        torch.save(checkpoint, tmp_path / "a.ckpt")
        assert "could run code" in error_line(script("evaluate", "checkpoint=a.ckpt", cwd=tmp_path))


@pytest.mark.parametrize("words", [TINY, ["log_dir=../logs", "data=voc", "data.root=../../voc", "~logger", "optimizer.lr=1e-3"]])
def test_overrides_as_runs_have_them_are_not(words):
    assert plain_overrides({"overrides": words}, "a.ckpt") == words


@pytest.mark.parametrize(
    ("target", "said"),
    [("this.s", "would run this.s"), ("ablate.model.segmenter.block.gcd", "would run"), ("ablate.model.gone.X", "does not have")],
)
def test_only_networks_of_this_project_are_built_and_nothing_else_is_imported(target, said, capsys):
    with pytest.raises(BadInput, match=said):
        load_task({"config": {"task": {"model": {"_target_": target}}}}, "a.ckpt")
    assert capsys.readouterr().out == ""  # importing `this` prints
