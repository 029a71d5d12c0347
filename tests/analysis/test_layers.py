"""The table of layers: receptive fields against a picture that is changed, sums against the other count, the command."""

import pytest
import torch
from commands import compose, error_line, script, succeed

from ablate.analysis.cost import cost
from ablate.analysis.layers import layers
from ablate.run.build import build

SMALL = ["model.encoder.width=4"]
NETWORKS = {
    "fcn8s": [*SMALL, "model.encoder.fully_connected=8"],
    "deconvnet": [*SMALL, "model.encoder.fully_connected=8"],
    "segnet": SMALL,
    "unet": SMALL,
    "fcn_basic": SMALL,
    "segnet_basic_single_channel": SMALL,
    "fcn": ["model/decoder=pixel_shuffle"],
}


def network(name, *words):
    torch.manual_seed(0)
    return build(compose(f"model={name}", *words), "model")


@pytest.mark.parametrize("name", NETWORKS)
def test_rows_sum_to_the_whole(name):
    model = network(name, *NETWORKS[name])
    rows, whole = layers(model, (64, 96)), cost(model, torch.empty(1, 3, 64, 96))
    assert sum(row.parameters for row in rows) == whole.parameters
    assert sum(row.multiply_adds for row in rows) == whole.multiply_adds
    assert rows[-1].size[-2:] == (64, 96)


@pytest.mark.parametrize("words", [["model/decoder=bilinear"], ["model/decoder=transposed_conv", "model.decoder.kernel=6"]])
def test_a_receptive_field_is_what_changes_an_output(words):
    """Pooling by the mean, so that every pixel counts; a kernel is seen by the output pixel that it serves most."""
    model = network("fcn", "model.encoder.downsample=avg_pool", "model.encoder.depth=2", *words).double().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            torch.nn.init.uniform_(module.weight)  # nothing cancels, and no ReLU is shut
    field = int(layers(model, (96, 96))[-1].geometry.field)
    seen = set()
    for shift in range(4):
        image = torch.rand(1, 3, 96, 96).double().requires_grad_()
        (gradient,) = torch.autograd.grad(model(image)[0, 0, 48 + shift, 48], image)
        seen.add(int(gradient[0].abs().sum((0, 2)).gt(0).sum()))
    assert max(seen) == field


def test_published_receptive_fields():
    """VGG16's pool5 sees 212 pixels, FCN's fc6 and fc7 404."""
    rows = {row.name: row for row in layers(network("fcn32s", *NETWORKS["fcn8s"]), (224, 224))}
    assert rows["encoder.features.43"].geometry.field == 212
    seen = [rows[f"encoder.classifier.{i}"].geometry for i in (0, 4)]
    assert [(each.field, each.jump) for each in seen] == [(404, 32)] * 2
    assert rows["encoder.features.0"].kind == "conv, BN, ReLU" and rows["encoder.features.0"].size == (4, 224, 224)


@pytest.mark.slow
def test_the_command(tmp_path):
    done = succeed("layers", "model=segnet_basic", "model.encoder.width=8", "size=[45,60]", cwd=tmp_path)
    assert "encoder.levels.3.0.0" in done.stdout and "9×45×60" in done.stdout
    assert "shows segmenters, as model=fcn8s" in error_line(script("layers", "model=ram", cwd=tmp_path))
    assert not list(tmp_path.iterdir())
