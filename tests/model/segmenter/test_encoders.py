"""VGG16 against a plain chain of torch's layers in torchvision's layout; weights of encoders from elsewhere."""

from functools import partial

import pytest
import torch
from commands import compose
from hydra.utils import instantiate
from refusals import refusals
from torch import nn

from ablate.model.segmenter.encoder.load import load_encoder
from ablate.model.segmenter.encoder.small import SmallEncoder
from ablate.model.segmenter.encoder.vgg16 import VGG16

LAYOUT = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
WIDTH = 4


def torchvisions(width=WIDTH, norm="none"):
    """`vgg16().features`, or `vgg16_bn().features`, as torchvision builds it, narrower, beside a classifier."""
    layers, before = [], 3
    for each in LAYOUT:
        if each == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers.append(nn.Conv2d(before, before := each * width // 64, 3, padding=1))
            layers += [nn.BatchNorm2d(before), nn.ReLU()] if norm == "batch" else [nn.ReLU()]
    return nn.ModuleDict({"features": nn.Sequential(*layers), "classifier": nn.Sequential(nn.Linear(2, 2))})


@pytest.mark.parametrize(("norm", "last", "count"), [("none", 28, 14_714_688), ("batch", 41, 14_723_136)])
def test_parameters_have_torchvisions_names_and_shapes(norm, last, count):
    with torch.device("meta"):
        ours, theirs = VGG16(norm=norm), torchvisions(64, norm)
    own, other = ours.state_dict(), theirs.features.state_dict(prefix="features.")
    assert {name: value.shape for name, value in own.items()} == {name: value.shape for name, value in other.items()}
    names = [name for name, _ in ours.named_parameters()]
    assert (names[0], names[-1]) == ("features.0.weight", f"features.{last}.bias")
    assert sum(each.numel() for each in ours.parameters()) == count  # without the classifier


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("normalise", [False, True])
def test_it_computes_what_torchvisions_layers_compute(normalise, norm):
    torch.manual_seed(0)
    theirs, ours = torchvisions(norm=norm), VGG16(WIDTH, normalise, norm)
    load_encoder(ours, theirs.state_dict())
    x = image = torch.rand(2, 3, 64, 96)
    if normalise:
        x = (image - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    found, maps = ours(image), []
    for layer in theirs.features:
        if isinstance(layer, nn.MaxPool2d):
            maps.append(x)
        x = layer(x)
    assert torch.allclose(found.bottom, x, atol=1e-6) and found.bottom.shape == (2, 32, 2, 3)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(found.maps, maps, strict=True))


@pytest.mark.parametrize("decoder", ["nearest", "max_unpool"])
def test_a_segmenter_stands_on_it_at_any_size(decoder):
    cfg = compose("model/encoder=vgg16", "model.encoder.width=4", f"model/decoder={decoder}", "model.decoder.skip=add")
    model = instantiate(cfg.model, _convert_="all")
    assert model(torch.rand(2, 3, 17, 35)).shape == (2, cfg.data.num_classes, 17, 35)


@pytest.mark.parametrize("prefix", ["model.encoder.", "encoder.", ""])
def test_weights_of_a_segmenter_are_taken_over(prefix):
    theirs, ours = SmallEncoder(width=4), SmallEncoder(width=4)
    state = {prefix + name: value + 1 for name, value in theirs.state_dict().items()}
    load_encoder(ours, {**state, "model.decoder.weight": torch.ones(1), "model.head.bias": torch.ones(1)})
    assert all(torch.equal(value, state[prefix + name]) for name, value in ours.state_dict().items())


def given(prefix="model.encoder.", **options):
    return {prefix + name: value for name, value in SmallEncoder(**options).state_dict().items()}


def load(state):
    load_encoder(SmallEncoder(width=4), state)


test_what_cannot_be_is_named = refusals(
    (partial(load, given(width=8)), r"has shape \(4, 3, 3, 3\), the given weights \(8, 3, 3, 3\): other encoder options"),
    (partial(load, given(width=4, depth=2)), "is not among the .* weights given; is model/encoder the one"),
    (partial(load, given(width=4, convs=2)), "levels.0.1.*among the given weights: other encoder options"),
    (partial(load, {}), "not among the 0 weights given"),
    (partial(load, VGG16(4).state_dict()), "is not among"),
    (lambda: load_encoder(VGG16(4, norm="batch"), VGG16(4).state_dict()), r"features.1.weight is not among"),
    (lambda: VGG16(0), "width=0"),
    (partial(SmallEncoder, depth=30), "depth=30 makes 8,589,934,592 channels"),
    (lambda: SmallEncoder(1)(torch.zeros(1, 3, 8, 8)), "in_channels=1, but pictures have 3"),
)
