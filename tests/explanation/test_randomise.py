"""Weights drawn anew from above: which layers, and what stays."""

from functools import partial

import torch
from torch import nn

from ablate.explanation.randomise import layers_from_above, randomised
from ablate.model.segmenter.decoder.unpooling import max_unpool
from ablate.model.segmenter.encoder.small import SmallEncoder
from ablate.model.segmenter.fcn import FCN


def test_layers_come_as_they_run_from_the_last_to_the_first():
    model = FCN(SmallEncoder(width=4, depth=2, bottleneck=1), partial(max_unpool), 3)
    model(torch.rand(2, 3, 8, 8))
    names = layers_from_above(model, torch.rand(1, 3, 8, 8))
    convolutions = [name for name in names if isinstance(model.get_submodule(name), nn.Conv2d)]
    below = ["encoder.bottleneck.0.0", "encoder.levels.1.0.0", "encoder.levels.0.0.0"]
    assert convolutions == ["head", "decoder.blocks.0.0", "decoder.blocks.1.0", *below]
    assert model.training and len(names) == 11  # with as many batch norms as convolutions below the head


def test_only_the_named_layers_change_and_a_seed_gives_the_same():
    model = FCN(SmallEncoder(width=4, depth=2), partial(max_unpool), 3)
    before, state = torch.random.get_rng_state(), {name: value.clone() for name, value in model.state_dict().items()}
    other = randomised(model, ["head", "decoder.blocks.0.0"], seed=3)
    assert torch.equal(before, torch.random.get_rng_state())
    changed = {name for name, value in other.state_dict().items() if not torch.equal(value, state[name])}
    assert changed == {"head.weight", "head.bias", "decoder.blocks.0.0.weight"}
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(randomised(model, ["head"], seed=3).head.weight, other.head.weight)
