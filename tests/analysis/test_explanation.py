"""Which object of a picture is explained, and measures that a network of known weights must have; the callback in a training."""

import json

import pytest
import torch
from commands import QUIET, TINY, compose, composed
from lightning.pytorch import Trainer
from torch import nn

from ablate.analysis.explanation import choose_objects, measure, methods_of, names_of
from ablate.callback.explanation import Explanations
from ablate.data.batch import SegmentationBatch
from ablate.errors import Misfit
from ablate.run.build import build
from ablate.run.train import train


def batch(size=16):
    generator = torch.Generator().manual_seed(0)
    label = torch.zeros(3, size, size, dtype=torch.long)
    label[0, 2:6, 3:8], label[0, 8:16] = 1, 2
    label[1, 0, :2] = 1  # less than a hundredth
    label[2, 4:9, 4:9] = 2
    image = torch.rand(3, 3, size, size, generator=generator) / 4
    for k in (1, 2):
        image[:, k] += (label == k) / 2
    return SegmentationBatch(image, label, torch.arange(3))


@pytest.fixture
def task():
    task = build(compose("experiment=upsampling", *TINY, "data.num_classes=3", "data.class_names=[background, disc, ring]",
                         "task.class_weight=none"), "task")  # fmt: skip
    return task.eval()


def test_the_rarest_class_that_is_large_enough_and_not_alone():
    found = choose_objects(batch(), 3)
    assert found.number.tolist() == [1, 2] and len(found.image) == 2
    assert torch.equal(found.mask, torch.stack([batch().label[0] == 1, batch().label[2] == 2]))


def test_every_measure_has_its_value_and_the_task_is_left_as_it_was(task):
    methods = methods_of(["gradient", "integrated_gradients", "grad_cam", "guided"], samples=2, steps=3)
    before = {name: value.clone() for name, value in task.state_dict().items()}
    task.train()
    with torch.inference_mode():
        found = measure(task, [batch()], methods)
    assert task.training and all(torch.equal(value, before[name]) for name, value in task.state_dict().items())
    assert list(found) == names_of(list(methods)) and "integrated_gradients/completeness" in found
    shares = [name for name in found if name.split("/")[1] in ("pointing", "energy_inside", "deletion", "insertion")]
    assert all(0 <= found[name] <= 1 for name in shares)
    assert all(-1 <= found[name] <= 1 for name in found if "/rank_" in name and "gain" not in name)
    assert found["guided/energy_inside_gain"] == pytest.approx(found["guided/energy_inside"] - found["gradient/energy_inside"])


def test_what_is_not_wanted_is_not_measured(task):
    found = measure(task, [batch()], methods_of(["gradient", "guided"], 1, 1), ["pointing", "ssim_all"])
    each = [f"{name}/{kind}" for name in ("gradient", "guided") for kind in ("pointing", "ssim_all")]
    assert list(found) == [*each, "guided/pointing_gain"]


def test_a_network_whose_decoder_makes_the_scores_has_no_head_and_is_measured_too():
    words = ["model/decoder=scores", "model.decoder.zero_scores=false", "data.num_classes=3", "task.class_weight=none"]
    names = ["data.class_names=[background, disc, ring]"]
    task = build(compose("experiment=upsampling", *TINY, *words, *names), "task").eval()
    found = measure(task, [batch()], methods_of(["gradient"], samples=1, steps=1))
    assert 0 <= found["gradient/deletion"] <= 1 and -1 <= found["gradient/rank_upper"] <= 1


def test_a_network_that_looks_at_its_own_pixel_alone_has_all_its_energy_inside(task):
    model = task.model
    model.forward = lambda image: 4 * image * (1 + 0 * model.head.weight.sum())
    found = measure(task, [batch()], methods_of(["gradient", "integrated_gradients"], 1, 2))
    assert found["gradient/energy_inside"] == 1 and found["integrated_gradients/pointing"] == 1
    assert found["gradient/infidelity"] == pytest.approx(0, abs=1e-4)  # it is linear
    assert found["integrated_gradients/completeness"] == pytest.approx(0, abs=1e-5)
    assert found["gradient/rank_upper"] == pytest.approx(1)  # random weights change nothing here


def test_only_segmenters_are_measured(task):
    task.model = nn.Conv2d(3, 3, 1)
    with pytest.raises(Misfit, match="explanations are measured on model=fcn; this network is a Conv2d"):
        measure(task, [batch()], {})
    with pytest.raises(Misfit, match="probe=explanation is for segmenters"):
        Explanations("run", ["gradient"], [], 1, 1, 0, 1, 1).setup(Trainer(**QUIET), task, "fit")


@pytest.mark.slow
def test_a_training_draws_the_panel_and_logs_the_measures_at_its_test(tmp_path):
    measures = ["pointing", "rank_upper"]
    few = ["probe.explanation.methods=[gradient,deconvnet]", f"probe.explanation.measures=[{','.join(measures)}]",
           "probe.explanation.layerwise_pictures=2", "probe.explanation.test_pictures=8", "logger=none"]  # fmt: skip
    words = [word for word in TINY if "max_epochs" not in word]
    train(composed("train", tmp_path / "run", *words, "trainer.max_epochs=1", "probe=explanation", *few))
    found = json.loads((tmp_path / "run/metrics.json").read_text())
    assert {f"test/explanation/{name}" for name in names_of(["gradient", "deconvnet"], measures)} < {*found}
    kept = [found[f"test/explanation/{name}/{kind}_layerwise"] for name in ("gradient", "deconvnet") for kind in ("rank", "ssim")]
    assert all(-1 <= value < 1 for value in kept) and "test/explanation/gradient/deletion" not in found
    assert (tmp_path / "run/explanation_sanity.png").stat().st_size > 1000
    assert (tmp_path / "run/explanation.png").stat().st_size > 1000
