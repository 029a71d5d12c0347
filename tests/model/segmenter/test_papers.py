"""The papers' own networks: parameters, tables of layers, and what FCN's scores are."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from commands import compose
from refusals import refusals
from torch import nn

from ablate.model.segmenter.decoder.scores import Scores
from ablate.model.segmenter.encoder.load import load_encoder
from ablate.model.segmenter.encoder.vgg16 import VGG16
from ablate.model.segmenter.fcn import FCN
from ablate.run.build import build

PAPERS = ["fcn32s", "fcn16s", "fcn8s", "deconvnet", "segnet", "unet"]
TABLE_1 = {  # millions of parameters (Badrinarayanan et al. 2017, table 1)
    "bilinear_interpolation": 0.625,
    "segnet_basic": 1.425,
    "segnet_basic_encoder_addition": 1.425,
    "segnet_basic_single_channel": 0.625,
    "fcn_basic": 0.65,
    "fcn_basic_no_addition": 0.65,
    "fcn_basic_no_dim_reduction": 1.625,
    "fcn_basic_no_addition_no_dim_reduction": 1.625,
}
NARROW = {name: ["model.encoder.width=4"] for name in TABLE_1} | {
    name: ["model.encoder.width=4", *(["model.encoder.fully_connected=8"] if name.startswith(("fcn", "deconv")) else [])]
    for name in PAPERS
}


def network(name, *words, classes=5):
    return build(compose(f"model={name}", f"model.num_classes={classes}", *words), "model")


def count(name, *words, classes):
    with torch.device("meta"):
        return sum(each.numel() for each in network(name, *words, classes=classes).parameters())


def test_parameters_of_fcn():
    """The authors' 8s: VGG16 with fc6 and fc7, scores, and kernels from each class to each, of which only the diagonal is not 0."""
    plain = ["model.encoder.norm=none", "model.decoder.mix=true"]
    trunk = 134_260_544
    scores = {"fcn32s": 4096, "fcn16s": 4096 + 512, "fcn8s": 4096 + 512 + 256}
    kernels = {"fcn32s": [64], "fcn16s": [4, 32], "fcn8s": [4, 4, 16]}
    for name, widths in scores.items():
        own = 21 * (widths + len(kernels[name])) + 21**2 * sum(kernel**2 for kernel in kernels[name])
        assert count(name, *plain, classes=21) == trunk + own
    assert count("fcn8s", *plain, classes=21) == 134_489_759  # 134.5 M in Jégou et al. 2017, table 3


def test_parameters_of_the_others():
    assert count("deconvnet", classes=21) == 251_801_877  # "252 M"
    assert count("segnet", classes=11) == 29_445_643
    # U-Net as published has 31,030,658 for one channel and two classes, 960 of them biases of the transposed convolutions.
    published = ["model.encoder.in_channels=1", "model.encoder.norm=none", "model.decoder.norm=none"]
    assert count("unet", *published, classes=2) == 31_030_658 - (512 + 256 + 128 + 64)


@pytest.mark.parametrize("name", TABLE_1)
def test_parameters_of_segnets_table_1(name):
    assert count(name, classes=11) / 1e6 == pytest.approx(TABLE_1[name], abs=0.04)


@pytest.mark.slow
@pytest.mark.parametrize("name", NARROW)
def test_any_size_comes_back_and_gradients_reach_every_parameter(name):
    torch.manual_seed(0)
    model = network(name, *NARROW[name]).eval()
    for size in [(64, 64), (45, 60), (33, 1), (1, 1)]:
        assert model(torch.rand(2, 3, *size)).shape == (2, 5, *size)
    model.train()
    for parameter in model.parameters():  # scores of zero pass no gradient on
        nn.init.normal_(parameter, std=0.1) if not parameter.any() else None
    F.cross_entropy(model(torch.rand(2, 3, 48, 64)), torch.randint(5, (2, 48, 64))).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def sizes_of(model, kinds, size):
    """Output sizes of the layers of these kinds, in the order of computation."""
    found = []
    for layer in model.modules():
        if type(layer).__name__ in kinds:
            layer.register_forward_hook(lambda layer, inputs, output: found.append(tuple(output.shape[1:])))
    model(torch.zeros(1, 3, *size, device="meta"))
    return found


def test_deconvnet_is_its_table():
    """Noh et al. 2015, table 1, at 224×224: fc6 and fc7 are 1×1 in size, and the deconvolution returns to 7×7."""
    with torch.device("meta"):
        model = network("deconvnet", "model.encoder.reference=deconvnet", classes=21).eval()
    found = sizes_of(model, {"Conv2d", "ConvTranspose2d", "MaxUnpool"}, (224, 224))
    encoder = [(64, 224)] * 2 + [(128, 112)] * 2 + [(256, 56)] * 3 + [(512, 28)] * 3 + [(512, 14)] * 3
    middle = [(4096, 1), (4096, 1), (512, 7)]
    decoder = [(512, 14)] * 4 + [(512, 28)] * 3 + [(256, 28)] + [(256, 56)] * 3 + [(128, 56)]
    decoder += [(128, 112)] * 2 + [(64, 112)] + [(64, 224)] * 3 + [(21, 224)]
    assert found == [(channels, side, side) for channels, side in encoder + middle + decoder]


def test_segnet_unpools_to_the_sizes_of_camvid():
    with torch.device("meta"):
        model = network("segnet", classes=11).eval()
    assert [size[1:] for size in sizes_of(model, {"MaxUnpool"}, (360, 480))] == [
        (24, 30),
        (46, 60),
        (90, 120),
        (180, 240),
        (360, 480),
    ]
    found = sizes_of(model, {"Conv2d"}, (360, 480))
    assert [size[0] for size in found[13:]] == [512, 512, 512, 512, 512, 256, 256, 256, 128, 128, 64, 64, 11]
    assert [size[1:] for size in found[13:]] == [(23, 30)] * 3 + [(45, 60)] * 3 + [(90, 120)] * 3 + [(180, 240)] * 2 + [
        (360, 480)
    ] * 2


# --- FCN's scores ----------------------------------------------------------------------------------------------------

CROPS = {(32,): [19], (32, 16): [5, 27], (32, 16, 8): [5, 9, 31]}  # in the authors' code


def by_the_authors(features, decoder, size):
    """Upsampling without padding, crops by the numbers of the authors' code."""
    *skips, last = CROPS[decoder.strides]
    x = decoder.scores[0](features.bottom)
    for i, offset in enumerate(skips, 1):
        x = F.conv_transpose2d(x, decoder.enlargements[i - 1].weight, stride=2, groups=x.shape[1])
        skip = decoder.scores[i](features.pooled[4 - i])
        x = x + skip[..., offset : offset + x.shape[2], offset : offset + x.shape[3]]
    final = decoder.enlargements[-1]
    x = F.conv_transpose2d(x, final.weight, stride=final.stride, groups=x.shape[1])
    return x[..., last : last + size[0], last : last + size[1]]


@pytest.mark.parametrize("strides", CROPS)
@pytest.mark.parametrize("size", [(64, 96), (37, 101), (5, 1)])
def test_the_reference_crops_as_the_authors_do(strides, size):
    torch.manual_seed(0)
    encoder = VGG16(4, fully_connected=8, reference="fcn").eval()
    decoder = Scores(encoder.channels, 8, num_classes=3, strides=strides, zero_scores=False, upsampling="random", reference="fcn")
    features = encoder(torch.rand(1, 3, *size))
    found = decoder(features)
    assert found.shape[2:] == size and torch.allclose(found, by_the_authors(features, decoder, size), atol=1e-5)


def test_constant_scores_are_constant_at_the_pictures_size():
    """Bilinear upsampling keeps a constant away from the borders."""
    for reference in (None, "fcn"):
        encoder = VGG16(4, fully_connected=8, reference=reference).eval()
        decoder = Scores(encoder.channels, 8, num_classes=3, strides=[32, 16, 8], reference=reference)
        for i, score in enumerate(decoder.scores):
            nn.init.constant_(score.bias, 10.0**i)
        inner = decoder(encoder(torch.rand(1, 3, 160, 192)))[..., 40:-40, 40:-40]
        assert torch.allclose(inner, torch.full_like(inner, 111.0))


@pytest.mark.parametrize("upsampling, trained", [("bilinear_fixed", 0), ("bilinear_init", 3), ("random", 3)])
def test_upsampling_is_fixed_or_trained_and_scores_start_at_zero(upsampling, trained):
    model = network("fcn8s", *NARROW["fcn8s"], f"model.decoder.upsampling={upsampling}")
    kernels = [layer.weight for layer in model.decoder.enlargements]
    assert sum(kernel.requires_grad for kernel in kernels) == trained
    triangle = torch.tensor([0.25, 0.75, 0.75, 0.25])
    assert torch.allclose(kernels[0][0, 0], torch.outer(triangle, triangle)) == (upsampling != "random")
    assert all(not parameter.any() for parameter in model.decoder.scores.parameters())
    assert not model.eval()(torch.rand(1, 3, 40, 40)).any()


def test_scales_multiply_the_maps_before_they_are_scored():
    torch.manual_seed(0)
    make = partial(Scores, (4, 4, 8), 8, num_classes=2, strides=[8, 4, 2], zero_scores=False)
    features = VGG16(4).eval()(torch.rand(1, 3, 32, 32))
    features = features._replace(maps=features.maps[:3], pooled=tuple(p[:, :c] for p, c in zip(features.pooled, (4, 4, 8))))
    features = features._replace(bottom=features.pooled[2])
    plain, scaled = make(), make(scales=[0.01, 0.0001])
    scaled.load_state_dict(plain.state_dict())
    with torch.no_grad():
        for layer, scale in zip(plain.scores[1:], (0.01, 0.0001)):
            layer.weight *= scale
    assert torch.allclose(plain(features), scaled(features), atol=1e-6)
    alone = make(skip="none")
    assert len(alone.scores) == 1 and alone(features).shape == (1, 2, 32, 32)


def test_fc6_and_fc7_are_torchvisions_dense_layers():
    """A dense layer over a window is a convolution: the file's matrices become kernels (Long et al. 2015, section 3.1)."""
    torch.manual_seed(0)
    ours = VGG16(4, fully_connected=16, reference="deconvnet").eval()
    dense = nn.Sequential(
        nn.Linear(32 * 49, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 9)
    )
    state = {name: torch.randn_like(value) for name, value in ours.state_dict().items() if name.startswith("features")}
    load_encoder(ours, state | dense.state_dict(prefix="classifier."))
    features = ours(torch.rand(2, 3, 224, 224))
    assert torch.allclose(features.bottom.flatten(1), dense[:6].eval()(features.pooled[-1].flatten(1)), rtol=1e-4, atol=1e-3)


scores = partial(Scores, (4, 8, 16), 16, num_classes=2)
test_what_cannot_be_is_one_line = refusals(
    (partial(scores, strides=[32]), r"strides=\[32\]: this encoder has 8, 4, 2, not 32"),
    (partial(scores, strides=[4, 8]), r"strides=\[4, 8\] must fall"),
    (partial(scores, strides=[8, 4], scales=[0.1, 0.1]), "must be 1 numbers"),
    (partial(scores, overlap=1), "kernel=2 is too small"),
    (lambda: FCN(VGG16(4), partial(Scores, num_classes=2), 3), "num_classes=3, and the decoder makes scores of 2"),
    (lambda: VGG16(4, reference="fcn"), "reference=fcn is about fc6"),
    (lambda: VGG16(4, deconvolution=True), "deconvolution=true is about fc6"),
    (lambda: VGG16(4, fully_connected=8, reference="deconvnet")(torch.rand(1, 3, 192, 300)), "192×300: .* needs 193"),
    (partial(network, "fcn", "model.encoder.bottleneck_growth=2"), "bottom needs 64, not 128"),
    (partial(network, "segnet", "model.decoder.convs=[1,2]"), r"convs=\[1, 2\] must be one number, or 5"),
    (partial(network, "fcn", "model/decoder=max_unpool", "model.decoder.mix=false"), "mix=false cannot go from"),
    (
        partial(network, "unet", "model.decoder.init=bilinear", "model.decoder.kernel=4"),
        "mix=false keep the channels",
    ),
)
