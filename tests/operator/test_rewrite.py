"""Each identity in float64, the rewritings on the project's own upsampling modules, and what cannot be rewritten."""

import pytest
import torch
import torch.nn.functional as F
from refusals import refusals
from torch import nn

from ablate.errors import BadInput
from ablate.model.segmenter.decoder.pixel_shuffle import PixelShuffle
from ablate.model.segmenter.decoder.resize_conv import resize_conv
from ablate.model.segmenter.decoder.transposed_conv import TransposedConv
from ablate.model.segmenter.decoder.unpooling import BedOfNails, MaxUnpool
from ablate.model.segmenter.max_pool import max_pool
from ablate.operator import rewrite
from ablate.operator.identities import identities

FOUND = identities(seed=3)


@pytest.mark.parametrize("identity", FOUND, ids=lambda identity: identity.statement)
def test_identities(identity):
    assert identity.error < 1e-12 if identity.holds else identity.error > 0.01


def test_the_same_seed_gives_the_same_table():
    state = torch.get_rng_state()
    assert identities(3) == FOUND != identities(4)
    assert torch.equal(state, torch.get_rng_state())


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (6, 7)])
@pytest.mark.parametrize("bias", [False, True])
def test_of_every_size_up_to_the_border(size, bias):
    x = random(2, 3, *size)
    convolution = nn.Conv2d(3, 5, 3, padding=1, bias=bias).double()
    near = (convolution(F.interpolate(x, scale_factor=2)) - rewrite.fold_nearest(convolution)(x)).abs().max()
    nails = (convolution(BedOfNails()(x)) - rewrite.fold_bed_of_nails(convolution)(x)).abs().max()
    assert max(near, nails) < 1e-12


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6])
def test_our_transposed_convolutions_convolve_zero_inserted_inputs(kernel):
    layer, x = TransposedConv(3, kernel).double(), random(2, 3, 5, 6)
    assert (layer(x) - rewrite.convolve_zero_inserted(x, layer)).abs().max() < 1e-12


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("padding", [0, 1])
def test_stride_1_is_a_convolution(kernel, padding):
    x = random(2, 3, 5, 6)
    layer = nn.ConvTranspose2d(3, 4, kernel, padding=padding).double()
    if padding > kernel - 1:
        with pytest.raises(BadInput, match=r"padding=\(1, 1\) crops more"):
            rewrite.flipped_convolution(layer)
    else:
        assert (layer(x) - rewrite.flipped_convolution(layer)(x)).abs().max() < 1e-12


def test_our_resize_convolution_and_pixel_shuffle():
    x = random(2, 4, 5, 6)
    resize = resize_conv((4,)).upsamplings[0].double()
    assert (resize(x) - rewrite.fold_nearest(resize[1])(x)).abs().max() < 1e-12
    shuffle = PixelShuffle(4).double()
    assert (shuffle(x) - rewrite.fold_pixel_shuffle(shuffle[0])(x)).abs().max() < 1e-12


def test_our_unpooling_is_the_gradient_of_our_pooling():
    x, y = random(2, 3, 8, 6).requires_grad_(), random(2, 3, 4, 3, seed=1)
    pooled, offset = max_pool(x)
    (gradient,) = torch.autograd.grad(pooled, x, y)
    assert torch.equal(MaxUnpool()(y, offset), gradient)


def test_multiply_adds_of_nearest_fall_by_9_over_4():
    folded = rewrite.fold_nearest(nn.Conv2d(1, 1, 3, padding=1))
    assert 9 * 4 / folded.weight.numel() == 2.25  # four outputs an input, 9 weights each; the folded kernel meets an input 16 times


test_what_cannot_be_rewritten_is_one_line = refusals(
    (lambda: rewrite.flipped_convolution(nn.ConvTranspose2d(1, 1, 3, stride=2)), "stride=2: only with stride 1"),
    (lambda: rewrite.flipped_convolution(nn.ConvTranspose2d(1, 1, 3, dilation=2)), "dilation, groups or two strides"),
    (lambda: rewrite.fold_nearest(nn.Conv2d(1, 1, 5, padding=2)), r"kernel_size=\(3, 3\); this one has \(5, 5\)"),
    (lambda: rewrite.fold_nearest(nn.Conv2d(1, 1, 3)), r"padding=\(1, 1\); this one has \(0, 0\)"),
    (lambda: rewrite.fold_bed_of_nails(nn.Conv2d(2, 2, 3, padding=1, groups=2)), "groups=1; this one has 2"),
    (lambda: rewrite.fold_pixel_shuffle(nn.Conv2d(1, 6, 3, padding=1)), "6 is not divisible by 4"),
    (lambda: rewrite.fold_pixel_shuffle(nn.Conv2d(1, 8, 3, padding=1)), "a bias that differs by phase"),
    (lambda: rewrite.insert_zeros(torch.ones(1, 1, 2, 2), 0), "stride=0"),
)
