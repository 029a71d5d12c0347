"""Tasks over pictures are plain PyTorch: `step` in a loop learns a batch by heart."""

import math

import numpy as np
import pytest
import torch
from commands import QUIET, compose, error_line, script
from generated import batch, scenes
from lightning.pytorch import Trainer
from networks import minimise

from ablate.errors import BadInput
from ablate.files import options
from ablate.loss.cross_entropy import count_pixels
from ablate.run.build import build

DECODERS = options("model/decoder")


def make(*overrides):
    torch.manual_seed(0)
    return build(compose("model.encoder.width=12", "model.encoder.depth=2", *overrides), "task")


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
def test_one_batch_is_learned_by_heart(decoder):
    # Where the upsampling learns nothing, edges stay soft: there a skip to the finest level.
    skip = "add" if decoder in ("bilinear_fixed", "scores") else "none"
    task, pictures = make(f"model/decoder={decoder}", f"model.decoder.skip={skip}"), batch(scenes(image_size=24), range(3))
    losses = minimise(lambda: task.step(pictures).loss, torch.optim.AdamW(task.parameters(), 0.02), steps=150)
    assert losses[0] > 1 and losses[-1] < 0.2
    output = task.step(pictures)
    assert (output.prediction == output.target).float().mean() > 0.93


def test_the_loss_is_of_the_whole_batch_and_ignores_void():
    task, pictures = make().eval(), batch(scenes(image_size=24), range(4))
    logits = task.model(pictures.image)
    label = pictures.label.clone()
    label[0] = 255
    expected = torch.nn.functional.cross_entropy(logits[1:], pictures.label[1:])
    assert torch.allclose(task.step(pictures._replace(label=label)).loss, expected)


def test_without_a_label_of_void_every_pixel_counts():
    names = ",".join(f"c{i}" for i in range(256))
    task = make("data.ignore_index=null", "data.num_classes=256", f"data.class_names=[{names}]", "task.label_stride=2").eval()
    pictures = batch(scenes(image_size=24), range(4))
    label = pictures.label.clone()
    label[0] = 255
    loss, prediction, target, _ = task.step(pictures._replace(label=label))
    assert torch.allclose(loss, torch.nn.functional.cross_entropy(task.model(pictures.image), label))
    for metric in task.metrics["val_"].values():
        metric.update(prediction, target)
    scores = task.metrics["val_"]["scores"]
    assert scores.confusion.sum() == label.numel() and scores.confusion[255].sum() == label[0].numel()
    assert task.metrics["val_"]["coarse_label"].compute()["coarse_label/miou"] > 0.5
    assert count_pixels([label], 256, None).pixels[255] == label[0].numel()


def test_names_must_fit_the_number_of_classes():
    with pytest.raises(BadInput, match="data.class_names has 2 names"):
        make("data.class_names=[background,disc]")


# --- autoencoding ------------------------------------------------------------------------------------

AUTOENCODER = ["experiment=autoencoder", "model.encoder.width=8", "model.encoder.depth=1", "model/decoder=resize_conv"]


def test_loss_and_psnr_are_those_of_the_pictures():
    task, pictures = build(compose(*AUTOENCODER), "task").eval(), batch(scenes(image_size=32), range(8))
    with torch.no_grad():
        loss, prediction, target, _ = task.step(pictures)
        output = task.model(pictures.image)
    assert torch.equal(target, pictures.image)
    by_hand = np.square(output.double().numpy() - target.double().numpy()).mean()
    assert math.isclose(float(loss), by_hand, rel_tol=1e-5)
    assert torch.equal(prediction, output.clamp(0, 1))
    psnr = task.metrics["test_"]["psnr"]
    psnr.update(prediction, target)
    error = np.square(prediction.double().numpy() - target.double().numpy()).mean()
    assert math.isclose(float(psnr.compute()), -10 * math.log10(error), rel_tol=1e-4)


@pytest.mark.slow
def test_one_batch_is_reconstructed():
    torch.manual_seed(0)
    task, pictures = build(compose(*AUTOENCODER), "task"), batch(scenes(image_size=32), range(8))
    losses = minimise(lambda: task.step(pictures).loss, torch.optim.Adam(task.parameters(), lr=0.01), steps=150)
    assert losses[-1] < 0.1 * losses[0] and losses[-1] < 0.02


def test_a_picture_too_small_for_ssim_is_named_before_the_training():
    task = build(compose(*AUTOENCODER), "task")
    task.check(batch(scenes(image_size=6), [0]), Trainer(**QUIET))
    with pytest.raises(BadInput, match="^a picture of 5×5: SSIM.* needs 6 pixels a side$"):
        task.check(batch(scenes(image_size=5), [0]), Trainer(**QUIET))


@pytest.mark.slow
def test_predict_says_that_it_makes_masks(tmp_path):
    words = [*AUTOENCODER, "debug=fast", "data.image_size=32", "data.batch_size=4", f"hydra.run.dir={tmp_path}/run"]
    done = script("train", *words, cwd=tmp_path)
    assert done.returncode == 0 and "test/psnr" in done.stdout, done.stderr
    (checkpoint,) = tmp_path.glob("run/checkpoints/best.ckpt")
    line = error_line(script("predict", f"checkpoint={checkpoint}", "input=x.png", cwd=tmp_path))
    assert "holds a Reconstruction" in line


def test_a_batch_of_one_pixel_is_named_before_batch_norm_meets_it():
    one = batch(scenes(image_size=8), [0])
    task = make("model.encoder.depth=3", "model.encoder.norm=batch")
    before = {name: value.clone() for name, value in task.state_dict().items()}
    with pytest.raises(BadInput, match="^batch_size=3 leaves a batch of one .* or model.encoder.norm=group$"):
        task.check_single_sample(one, 3)
    make("model.encoder.depth=3", "model.encoder.norm=group").check_single_sample(one, 3)
    make("model.encoder.depth=2", "task.class_weight=median_frequency").check_single_sample(one, 3)  # 2×2 pixels
    assert all(torch.equal(value, before[name]) for name, value in task.state_dict().items())
