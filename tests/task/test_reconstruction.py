"""Autoencoding: the loss and metrics of the task, and its panel."""

import math

import numpy as np
import pytest
import torch
from commands import compose, error_line, script
from generated import scenes
from overfit import minimise

from ablate.figure.panel import GAP, LINE, reconstruction_panel
from ablate.run.build import build

SMALL = ["experiment=autoencoder", "model.encoder.width=8", "model.encoder.depth=1", "model/decoder=resize_conv"]


def batch(count=8):
    data = scenes("train", image_size=32)
    return data.finish(data.collate([data[i] for i in range(count)]))


def test_loss_and_psnr_are_those_of_the_pictures():
    task, pictures = build(compose(*SMALL), "task").eval(), batch()
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


def test_one_batch_is_learned_by_looping_over_step():
    torch.manual_seed(0)
    task, pictures = build(compose(*SMALL), "task"), batch()
    losses = minimise(lambda: task.step(pictures).loss, torch.optim.Adam(task.parameters(), lr=0.01), steps=150)
    assert losses[-1] < 0.1 * losses[0] and losses[-1] < 0.02


def test_the_panel_shows_picture_reconstruction_middle_and_error():
    generator = torch.Generator().manual_seed(0)
    image, output = torch.rand(2, 2, 3, 30, 60, generator=generator)
    sheet = np.asarray(reconstruction_panel(image, output))
    scale, middle = 128 // 60, (output[1][:, 10:20, 20:40] * 255).round().byte().permute(1, 2, 0).numpy()
    top = LINE + GAP + 30 * scale + GAP
    tiles = [sheet[top : top + 30 * scale, GAP + c * (60 * scale + GAP) :][:, : 60 * scale] for c in range(4)]
    for tile, expected in zip(tiles, (image[1], output[1])):
        assert (tile[::scale, ::scale] == (expected * 255).round().byte().permute(1, 2, 0).numpy()).all()
    assert (tiles[2][3 * scale // 2 :: 3 * scale, 3 * scale // 2 :: 3 * scale] == middle).all()
    error = (0.5 + 4 * (output[1] - image[1])).clamp(0, 1)
    assert (tiles[3][::scale, ::scale] == (error * 255).round().byte().permute(1, 2, 0).numpy()).all()


@pytest.mark.slow
def test_predict_says_that_it_makes_masks(tmp_path):
    words = [*SMALL, "debug=fast", "data.image_size=32", "data.batch_size=4", f"hydra.run.dir={tmp_path}/run"]
    done = script("train", *words, cwd=tmp_path)
    assert done.returncode == 0 and "test/psnr" in done.stdout, done.stderr
    (checkpoint,) = tmp_path.glob("run/checkpoints/best.ckpt")
    line = error_line(script("predict", f"checkpoint={checkpoint}", "input=x.png", cwd=tmp_path))
    assert "holds a Reconstruction" in line
