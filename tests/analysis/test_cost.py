"""Parameters and multiply-adds against a count by hand."""

import torch
from commands import compose
from hydra.utils import instantiate

from ablate.analysis.cost import cost


def test_cost_of_two_levels_by_hand():
    overrides = ["model.encoder.width=4", "model.encoder.depth=2", "model/decoder=transposed_conv", "model.num_classes=5"]
    model = instantiate(compose(*overrides).model)
    random_state = torch.get_rng_state()
    counted = cost(model, torch.empty(3, 3, 16, 16))
    assert torch.equal(random_state, torch.get_rng_state()) and next(model.parameters()).device.type == "cpu"
    encoder = 256 * 27 * 4 + 64 * 36 * 8 + 2 * 16 * 72 * 8  # two levels, and the bottleneck
    # A transposed convolution costs kernel² · c² for each input pixel; its block as a convolution at the output's size.
    decoder = (16 * 16 * 64 + 64 * 72 * 4) + (64 * 16 * 16 + 256 * 36 * 4)
    head = 256 * 4 * 5
    assert counted.multiply_adds == 3 * (encoder + decoder + head)
    parts = {"encoder": 3 * encoder, "decoder": 3 * decoder, "head": 3 * head}
    assert {name: part.multiply_adds for name, part in counted.parts.items()} == parts
    norms = 2 * (4 + 8 + 8 + 8) + 2 * (4 + 4)
    weights = 27 * 4 + 36 * 8 + 2 * 72 * 8 + (16 * 64 + 72 * 4) + (16 * 16 + 36 * 4) + (4 * 5 + 5)
    assert counted.parameters == norms + weights == sum(part.parameters for part in counted.parts.values())
