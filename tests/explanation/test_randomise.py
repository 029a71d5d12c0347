"""Weights drawn anew from above: which layers, and what stays."""

from functools import partial

import torch
from torch import nn

from ablate.explanation.randomise import cascade, layers_from_above, randomised, steps_from_above
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.layers import Recurrent
from ablate.model.segmenter.decoder.unpooling import max_unpool
from ablate.model.segmenter.encoder.small import SmallEncoder
from ablate.model.segmenter.fcn import FCN


def run(model):
    return model(torch.rand(1, 3, 8, 8))


def test_layers_come_as_they_run_from_the_last_to_the_first():
    model = FCN(SmallEncoder(width=4, depth=2, bottleneck=1), partial(max_unpool), 3)
    model(torch.rand(2, 3, 8, 8))
    names = layers_from_above(model, run)
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


def test_a_cascade_takes_layer_after_layer_with_its_norm_from_a_fresh_network():
    trained, fresh = (FCN(SmallEncoder(width=4, depth=2), partial(max_unpool), 3).eval() for _ in range(2))
    trained.encoder.levels[0][0][1].running_var *= 4  # a buffer, which the norm takes along
    layers = layers_from_above(trained, run)
    steps = steps_from_above(trained, layers)
    assert list(steps)[:2] == ["head", "decoder.blocks.0.0"] and [name for step in steps.values() for name in step] == layers
    assert steps["decoder.blocks.0.0"] == ["decoder.blocks.0.1", "decoder.blocks.0.0"]
    x = torch.rand(1, 3, 8, 8)
    outputs = [network(x) for network in cascade(trained, fresh, steps.values())]
    assert len(outputs) == len(steps) + 1 and torch.equal(outputs[0], trained(x)) and torch.equal(outputs[-1], fresh(x))
    assert not any(torch.equal(a, b) for a, b in zip(outputs, outputs[1:], strict=False))


def test_the_weights_of_a_cell_which_another_module_computes_with_are_found():
    parts = {"below": nn.Linear(4, 3), "recurrent": Recurrent(partial(LSTM, hidden_size=5), 3), "unused": nn.Linear(2, 2)}
    model = nn.ModuleDict(parts)
    names = layers_from_above(model, lambda network: network["recurrent"](network["below"](torch.rand(2, 6, 4))))
    assert names[-1] == "below" and len(names) == 2 and names[0].startswith("recurrent.")
