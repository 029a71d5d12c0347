"""What holds for every decoder in conf/model/decoder, and what each promises beyond it."""

from functools import partial
from itertools import cycle

import pytest
import torch
import torch.nn.functional as F
from commands import compose
from networks import minimise
from refusals import refusals
from torch import nn

from ablate.errors import BadInput
from ablate.files import options
from ablate.model.segmenter.decoder.pixel_shuffle import PixelShuffle
from ablate.model.segmenter.decoder.transposed_conv import TransposedConv
from ablate.model.segmenter.decoder.unpooling import BedOfNails
from ablate.run.build import build

DECODERS = [name for name in options("model/decoder") if name != "scores"]  # which has tests of its own
SKIPS = ["none", "add", "concat"]


def network(decoder, skip="none", *overrides):
    torch.manual_seed(0)
    small = ["model.encoder.width=4", "model.num_classes=5"]
    return build(compose(f"model/decoder={decoder}", f"model.decoder.skip={skip}", *small, *overrides), "model")


def pictures(n=2, size=(16, 16)):
    return torch.rand(n, 3, *size, generator=torch.Generator().manual_seed(1))


every_decoder = pytest.mark.parametrize("decoder", DECODERS)
every_skip = pytest.mark.parametrize("skip", SKIPS)
each_with_a_skip = pytest.mark.parametrize("decoder, skip", zip(DECODERS, cycle(SKIPS)))


@each_with_a_skip
def test_any_size_comes_back(decoder, skip):
    model = network(decoder, skip).eval()
    for size in [(16, 16), (17, 23), (8, 31), (1, 1), (3, 2)]:
        assert model(pictures(size=size)).shape == (2, 5, *size)


@each_with_a_skip
def test_gradients_reach_every_parameter(decoder, skip):
    model = network(decoder, skip)
    F.cross_entropy(model(pictures()), torch.randint(5, (2, 16, 16))).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        if "norm" not in name:
            assert parameter.grad.abs().sum() > 0 or name.endswith("bias"), name


@each_with_a_skip
def test_rows_of_a_batch_are_independent(decoder, skip):
    model = network(decoder, skip).eval()
    one, other = pictures(3), pictures(3)
    other[1:] = other[1:].flip(0) * 0.5
    assert torch.allclose(model(one)[0], model(other)[0], atol=1e-6)
    one.requires_grad_()
    model(one)[0].square().sum().backward()
    assert one.grad[0].abs().sum() > 0 and one.grad[1:].abs().sum() == 0


@every_decoder
@pytest.mark.slow
def test_two_steps_of_one_seed_end_with_equal_weights(decoder, deterministic):
    def trained():
        model = network(decoder, "add")
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        minimise(lambda: F.cross_entropy(model(pictures()), torch.zeros(2, 16, 16, dtype=torch.long)), optimizer, steps=2)
        return model.state_dict()

    torch.testing.assert_close(trained(), trained(), rtol=0, atol=0)


@every_decoder
@every_skip
@pytest.mark.slow
def test_a_skip_is_used_and_none_is_not(decoder, skip):
    """Whether the finest map matters beside its pooled values: shift what max pooling leaves behind."""
    model = network(decoder, skip).eval()
    with torch.no_grad():
        features = model.encoder(pictures())
        maps = [m + (torch.rand(m.shape) if i == 0 else 0) for i, m in enumerate(features.maps)]
        same = torch.allclose(model.decoder(features), model.decoder(features._replace(maps=tuple(maps))))
    assert same == (skip == "none")


DOWNSAMPLINGS = {"avg_pool": 2, "overlapping_max_pool": 2, "strided_conv": 3}


@pytest.mark.slow
@every_decoder
@pytest.mark.parametrize("downsample", DOWNSAMPLINGS)
def test_other_downsamplings_or_a_line_that_says_why_not(decoder, downsample):
    kernel = DOWNSAMPLINGS[downsample]
    options = [f"model.encoder.downsample={downsample}", f"model.encoder.downsample_kernel={kernel}"]
    if decoder in ("max_unpool", "deconvnet"):
        with pytest.raises(BadInput, match="needs model.encoder.downsample=max_pool"):
            network(decoder, "none", *options)
    else:
        assert network(decoder, "add", *options)(pictures(size=(15, 18))).shape == (2, 5, 15, 18)


# --- one by one ------------------------------------------------------------------------------------------


def test_bed_of_nails_by_hand():
    assert BedOfNails()(torch.tensor([[[[1.0, 2.0]]]])).tolist() == [[[[1.0, 0, 2.0, 0], [0, 0, 0, 0]]]]


@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
def test_transposed_convolution_is_the_adjoint_of_a_strided_one(kernel):
    layer = TransposedConv(3, kernel).double()
    x, y = torch.randn(1, 3, 5, 6).double(), torch.randn(1, 3, 10, 12).double()
    assert layer(x).shape == y.shape
    down = F.conv2d(y, layer.weight, stride=2, padding=layer.padding)[..., :5, :6]
    assert torch.allclose((layer(x) * y).sum(), (x * down).sum())


@pytest.mark.parametrize("mix", [True, False])
@pytest.mark.parametrize("kernel", [3, 4, 6])
def test_bilinear_weights_interpolate(kernel, mix):
    x = torch.randn(1, 3, 6, 7)
    layer = TransposedConv(3, kernel, "bilinear", mix)
    assert layer.weight.numel() == (9 if mix else 3) * kernel**2
    out = layer(x)
    if kernel % 2 == 0:
        expected = F.interpolate(x, scale_factor=2, mode="bilinear")
        assert torch.allclose(out[..., 2:-2, 2:-2], expected[..., 2:-2, 2:-2], atol=1e-6)
    else:
        assert torch.allclose(out[..., ::2, ::2], x, atol=1e-6)
        assert torch.allclose(out[..., 1:-1:2, ::2], (x[..., :-1, :] + x[..., 1:, :]) / 2, atol=1e-6)
    assert torch.allclose(TransposedConv(1, kernel, "bilinear")(torch.ones(1, 1, 6, 6))[..., 2:-2, 2:-2], torch.ones(()))


def test_pixel_shuffle_is_the_equation():
    layer = PixelShuffle(2, 1)
    x = torch.randn(1, 2, 3, 3)
    low = layer[0](x)
    for i in range(2):
        for j in range(2):
            assert torch.equal(layer(x)[0, 1, i::2, j::2], low[0, 4 + 2 * i + j])


def test_deconvnet_mirrors_the_encoders_convolutions():
    deep = network("deconvnet", "none", "model.encoder.convs=2").decoder
    assert [sum(isinstance(m, nn.ConvTranspose2d) for m in block.modules()) for block in deep.blocks] == [2, 2, 2]
    assert all(m.stride == (1, 1) for m in deep.modules() if isinstance(m, nn.ConvTranspose2d))


def test_bilinear_fixed_only_interpolates():
    model = network("bilinear_fixed").eval()
    assert not list(model.decoder.parameters())
    x = pictures()
    low = model.head(model.encoder(x).bottom)
    assert torch.allclose(model(x), F.interpolate(low, (16, 16), mode="bilinear"))


test_bad_options_are_refused_in_one_line = refusals(
    (partial(network, "nearest", "none", "model.decoder.skip=sum"), "model.decoder.skip='sum' is unknown"),
    (partial(network, "nearest", "none", "model.decoder.norm=bach"), "norm='bach' is unknown; did you mean 'batch'"),
    (
        partial(network, "nearest", "none", "model.decoder.conv_kernel=4"),
        "model.decoder.conv_kernel=4 must be an odd .* 3 or 5",
    ),
    (
        partial(network, "transposed_conv", "none", "model.decoder.kernel=1"),
        "model.decoder.kernel=1 must be .* at least 2",
    ),
    (partial(network, "transposed_conv", "none", "model.decoder.init=bilinea"), "did you mean 'bilinear'"),
    (partial(network, "pixel_shuffle", "none", "model.decoder.kernel=2"), "model.decoder.kernel=2 must be an odd"),
    (partial(network, "pixel_shuffle", "none", "model.decoder.init=icn"), "did you mean 'icnr'"),
    (partial(network, "resize_conv", "none", "model.decoder.mode=bicubic"), "model.decoder.mode='bicubic' is unknown"),
    (partial(network, "deconvnet", "none", "model.decoder.convs=0"), "convs=0 cannot go from"),
    (partial(network, "nearest", "none", "model.encoder.width=0"), "model.encoder.width=0 must"),
    (partial(network, "nearest", "none", "model.encoder.depth=-1"), "model.encoder.depth=-1 must"),
    (partial(network, "nearest", "none", "model.encoder.kernel=2"), "model.encoder.kernel=2 must be an odd"),
    (partial(network, "nearest", "none", "model.encoder.downsample=pool"), "model.encoder.downsample='pool' is unknown"),
    (partial(network, "nearest", "none", "model.encoder.downsample_kernel=3"), "needs model.encoder.downsample=strided_conv"),
    (partial(network, "nearest", "none", "model.num_classes=0"), "model.num_classes=0 must"),
)
