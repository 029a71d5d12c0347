"""Weights of another network, other shapes or classes, a file that is code, crops and pictures of a wrong size: one line each."""

import os
from functools import cache

import pytest
import torch
from commands import QUIET, TINY, compose
from lightning.pytorch import Trainer
from PIL import Image
from refusals import refusals

from ablate.errors import BadInput
from ablate.run.build import build, naming
from ablate.run.load import start_from_weights
from ablate.run.train import check_batches
from ablate.task.base import SPLITS

VGG = ["model.encoder.width=2", "model.encoder.fully_connected=4"]
NETWORKS = {
    "small": TINY,
    "fcn8s": ["model=fcn8s", *VGG],
    "wide": ["model=fcn8s", "model.encoder.width=3", "model.encoder.fully_connected=4"],
    "segnet": ["model=segnet", "model.encoder.width=2"],
    "deconvnet": ["model=deconvnet", *VGG],
}
FOUR = ["data.num_classes=4", "data.class_names=[background,disc,ring,line]"]
KEYS = ("encoder_weights", "initial_weights")
MISSING = "the encoder's {} is not among the {} weights given; is model/encoder the one they come from"


@cache
def weights(name):
    return build(compose(*NETWORKS[name]), "task").model.state_dict()


def start(folder, name, of, key=None, words=()):
    """A network that starts from the weights of another one, by both keys where none is named."""
    torch.save(dict(weights(of)), folder / "weights.pt")
    errors = []
    for each in KEYS if key is None else [key]:
        try:
            start_from_weights(build(compose(*NETWORKS[name], *words, f"task.{each}={folder}/weights.pt"), "task"))
        except BadInput as error:
            assert str(error).startswith(f"{each}={folder}/weights.pt: ")
            errors.append(error)
    assert len(errors) in (1, 2) and (key or len(errors) == 2)
    raise errors[0]


test_weights_of_another_network_are_one_line = refusals(
    ("fcn8s", "small", "the encoder's features.0.weight is not among the .* weights given; is model/encoder the one"),
    ("fcn8s", "segnet", MISSING.format("classifier.0.weight", 165)),
    ("deconvnet", "fcn8s", MISSING.format("classifier.8.weight", 114)),
    ("fcn8s", "deconvnet", "the encoder has no classifier.8.weight, which is among the given weights"),
    ("segnet", "fcn8s", "the encoder has no classifier.0.weight, which is among the given weights"),
    ("fcn8s", "wide", r"features.0.weight has shape \(2, 3, 3, 3\), the given weights \(3, 3, 3, 3\): other encoder options"),
    of=start,
    fixtures=["tmp_path"],
)
test_scores_of_other_classes_are_one_line = refusals(
    (
        ("fcn8s", "fcn8s", "initial_weights", FOUR)
        + (r"nothing but the encoder fits this network \(its decoder.scores.0.weight has shape \(4, 4, 1, 1\), .*\(9, 4, 1, 1\)\)",)
    ),
    of=start,
    fixtures=["tmp_path"],
)


def test_other_classes_leave_a_new_head(tmp_path, capsys):
    torch.save(dict(weights("deconvnet")), tmp_path / "weights.pt")
    task = build(compose(*NETWORKS["deconvnet"], *FOUR, f"task.initial_weights={tmp_path}/weights.pt"), "task")
    start_from_weights(task)
    assert "new: head.weight, head.bias" in capsys.readouterr().out.replace("\n", " ")
    assert torch.equal(task.model.state_dict()["decoder.blocks.0.0.0.weight"], weights("deconvnet")["decoder.blocks.0.0.0.weight"])


class Code:
    def __reduce__(self):
        return os.mkdir, ("was_run",)


@pytest.mark.parametrize("key", KEYS)
def test_code_is_not_run(tmp_path, key, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"encoder.weight": Code()}, tmp_path / "code.pt")
    with pytest.raises(BadInput, match=f"{key}=.*code.pt' is refused: it would run code when loaded"):
        start_from_weights(build(compose(*TINY, f"task.{key}={tmp_path}/code.pt"), "task"))
    assert not (tmp_path / "was_run").exists()


def checked(*words):
    """What a run looks at before it trains."""
    cfg = compose("data.dataset.sizes={train: 2, val: 1, test: 1}", "data.batch_size=1", *words)
    data, task = build(cfg, "datamodule"), build(cfg, "task")
    with naming(cfg, "task", "task.model", "datamodule", "datamodule.dataset"):
        data.check("train", "val", "test")
        check_batches(task, data, Trainer(**QUIET), *SPLITS)


REFERENCE = "model.encoder.reference=deconvnet"
test_sizes_that_do_not_do_are_found_before_the_training = refusals(
    (*TINY, "augmentation.crop=[8, 40]", r"augmentation.crop=\[8, 40\] is larger than the pictures, which are \[16, 16\]"),
    (
        *NETWORKS["deconvnet"],
        REFERENCE,
        "data.image_size=[300, 192]",
        "^a picture of 300×192: model.encoder.reference=deconvnet,.* 193",
    ),
    (
        *NETWORKS["deconvnet"],
        REFERENCE,
        "data.image_size=[200, 200]",
        "augmentation.crop=[200,192]",
        r"^augmentation.crop=\[200, 192\]: a picture of 200×192: model.encoder.reference=deconvnet,.* 193 pixels",
    ),
    of=checked,
)


def test_the_smallest_picture_of_each_split_is_named_before_the_training(tmp_path):
    for split, sizes in {"train": [(194, 193), (193, 200)], "val": [(200, 200), (192, 200)], "test": [(200, 200)]}.items():
        for number, (height, width) in enumerate(sizes):
            for kind, mode in (("images", "RGB"), ("masks", "L")):
                (folder := tmp_path / split / kind).mkdir(parents=True, exist_ok=True)
                picture = Image.new(mode, (width, height))
                picture.putpixel((0, 0), 255 if mode == "L" else (9, 9, 9))
                picture.save(folder / f"{number}.png")
    own = ["data=folder", f"data.root={tmp_path}", "data.image_size=null", "data.batch_size=1"]
    cfg = compose(*own, *NETWORKS["deconvnet"], REFERENCE, "data.num_classes=2", "data.class_names=[dark,light]")
    data, task = build(cfg, "datamodule"), build(cfg, "task")
    check_batches(task, data, Trainer(**QUIET), "train", "test")
    with pytest.raises(BadInput, match=r"val/images/1.png: a picture of 192×200: .* needs 193 pixels a side"):
        check_batches(task, data, Trainer(**QUIET), *SPLITS)
