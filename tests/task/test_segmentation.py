"""A task is plain PyTorch: `step` in a loop learns a batch by heart."""

import pytest
import torch
from commands import CONF, compose
from generated import batch, scenes
from overfit import minimise

from ablate.errors import BadInput
from ablate.run.build import build

DECODERS = sorted(path.stem for path in (CONF / "model/decoder").glob("*.yaml"))


def make(*overrides):
    torch.manual_seed(0)
    return build(compose("model.encoder.width=12", "model.encoder.depth=2", *overrides), "task")


@pytest.mark.parametrize("decoder", DECODERS)
def test_one_batch_is_learned_by_heart(decoder):
    # Where the upsampling learns nothing, edges stay soft: there a skip to the finest level.
    skip = "add" if decoder == "bilinear_fixed" else "none"
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


def test_names_must_fit_the_number_of_classes():
    with pytest.raises(BadInput, match="data.class_names has 2 names"):
        make("data.class_names=[background,disc]")
