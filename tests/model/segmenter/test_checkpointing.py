"""Gradient checkpointing: the same gradients, running means and random numbers, for less memory."""

import copy

import pytest
import torch
from commands import compose

from ablate.command.benchmark.decoders import memory
from ablate.run.build import build

SMALL = ["model.encoder.width=4", "data.image_size=24"]
VGG = ["model.encoder.width=2", "model.encoder.fully_connected=8", "model.encoder.dropout=0.5"]
NETWORKS = {
    "fcn": SMALL,
    "switches": [*SMALL, "model/decoder=max_unpool", "model.encoder.convs=2"],
    "group": [*SMALL, "model/decoder=resize_conv", "model.decoder.skip=concat", "model.encoder.norm=group"],
    "fcn8s": ["model=fcn8s", *VGG],
    "deconvnet": ["model=deconvnet", *VGG],
    "unet": ["model=unet", "model.encoder.width=4"],
    "segnet_basic": ["model=segnet_basic", "model.encoder.width=4"],
}


def trained(network, image):
    """Output, gradients and buffers after a step of training."""
    torch.manual_seed(3)
    network.train()
    output = network(image)
    (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
    return output.detach(), [p.grad for p in network.parameters() if p.requires_grad], [*network.buffers()]


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_and_running_means_are_those_without(name):
    network = build(compose(*NETWORKS[name]), "task").model
    saving = copy.deepcopy(network)
    saving.encoder.checkpointing = saving.decoder.checkpointing = True
    image = torch.rand(2, 3, 33, 41, generator=torch.Generator().manual_seed(1))
    for mine, theirs in zip(trained(network, image), trained(saving, image), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)
    kept = [memory(each.train(), image) for each in (network, saving)]
    assert kept[1] < 0.8 * kept[0], kept


def test_the_option_reaches_encoder_and_decoder_and_is_off_by_default():
    for words, on in (([], False), (["model.checkpointing=true"], True)):
        model = build(compose(*words), "task").model
        assert model.encoder.checkpointing is model.decoder.checkpointing is on


def test_nothing_is_computed_twice_where_nothing_is_trained():
    model = build(compose(*SMALL, "model.checkpointing=true"), "task").model.eval()
    calls = []
    model.encoder.levels[0].register_forward_hook(lambda *_: calls.append(1))
    model(torch.rand(1, 3, 8, 8)).sum().backward()
    assert len(calls) == 1
