"""Operators as matrices and as one another, in float64, for all combinations; the lecture's examples by hand; what cannot be."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from refusals import refusals
from scipy.sparse import issparse
from torch import nn

from ablate.errors import BadInput
from ablate.model.segmenter.decoder.pixel_shuffle import PixelShuffle
from ablate.model.segmenter.decoder.resize_conv import resize_conv
from ablate.model.segmenter.decoder.transposed_conv import TransposedConv
from ablate.model.segmenter.decoder.unpooling import BedOfNails, MaxUnpool
from ablate.model.segmenter.max_pool import max_pool
from ablate.operator import rewrite
from ablate.operator.identities import identities
from ablate.operator.matrix import apply, conv_matrix, conv_size, coverage, coverage_pattern, transposed_matrix, transposed_size

COMBINATIONS = list(product((1, 2, 3, 4), (1, 2, 3), (0, 1, 2), (1, 2), (1, 2)))  # kernel, stride, padding, dilation, groups
CONV = {1: F.conv1d, 2: F.conv2d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d}


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.slow
@pytest.mark.parametrize("dimensions", [1, 2])
def test_every_convolution_is_its_matrix_and_every_transposed_one_the_transpose(dimensions):
    sizes, most = (9, 10)[:dimensions], 0.0
    for kernel, stride, padding, dilation, groups in COMBINATIONS:
        options = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
        weight = random(4, 6 // groups, *[kernel] * dimensions)
        x = random(2, 6, *sizes, seed=1)
        y = CONV[dimensions](x, weight, **options)
        matrix = conv_matrix(weight, sizes, **options)
        assert issparse(matrix) and y.shape[2:] == tuple(conv_size(n, kernel, stride, padding, dilation) for n in sizes)
        most = max(most, float((apply(matrix, x, y.shape[1:]) - y).abs().max()))
        assert float(abs(matrix.T @ matrix - (matrix.T @ matrix).T).max()) < 1e-12
        for more in range(max(stride, dilation)):
            z = random(2, 4, *y.shape[2:], seed=2)
            back = TRANSPOSED[dimensions](z, weight, output_padding=more, **options)
            transposed = transposed_matrix(weight, list(y.shape[2:]), output_padding=more, **options)
            most = max(most, float((apply(transposed, z, back.shape[1:]) - back).abs().max()))
            if tuple(back.shape[2:]) == sizes:
                assert (transposed != matrix.T).nnz == 0
    assert most < 1e-12


def test_each_size_that_a_stride_folds_together_comes_back_with_its_output_padding():
    for kernel, stride, padding, dilation, n in product((1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2), range(9, 16)):
        small = conv_size(n, kernel, stride, padding, dilation)
        sizes = [transposed_size(small, kernel, stride, padding, dilation, a) for a in range(stride)]
        assert n in sizes and all(conv_size(size, kernel, stride, padding, dilation) == small for size in sizes)


def test_the_lectures_examples():
    """Kernel (x, y, z), padding 1, of length 4: stride 1 and its transpose, stride 2 and its transpose."""
    x, y, z = 2.0, 3.0, 5.0
    kernel = torch.tensor([[[x, y, z]]], dtype=torch.float64)
    one = conv_matrix(kernel, 4, 1, 1).toarray().tolist()
    assert one == [[y, z, 0, 0], [x, y, z, 0], [0, x, y, z], [0, 0, x, y]]
    two = conv_matrix(kernel, 4, 2, 1).toarray().tolist()
    assert two == [[y, z, 0, 0], [0, x, y, z]]
    back = transposed_matrix(kernel, 2, 2, 1).toarray().tolist()
    assert back == [[y, 0], [z, x], [0, y]]  # three of the four rows
    assert transposed_matrix(kernel, 2, 2, 1, output_padding=1).toarray().tolist() == [*back, [0, z]]


@pytest.mark.parametrize("kernel", range(2, 9))
def test_a_layer_that_upsamples_doubles_every_size(kernel):
    layer = TransposedConv(1, kernel)
    assert all(transposed_size(n, kernel, 2, layer.padding[0], 1, layer.output_padding[0]) == 2 * n for n in range(1, 20))


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 6, 7])
def test_coverage_is_ones_convolved_with_ones(kernel, stride):
    size = 2 * kernel + 2
    found = coverage(kernel, stride, size)
    ones, weight = torch.ones(1, 1, size, size).double(), torch.ones(1, 1, kernel, kernel).double()
    assert torch.equal(found.double(), F.conv_transpose2d(ones, weight, stride=stride)[0, 0])
    pattern = coverage_pattern(kernel, stride)
    start = kernel * stride  # a multiple of the stride, beyond what the border is missing
    assert torch.equal(found[start : start + stride, start : start + stride], pattern)
    assert (pattern.min() == pattern.max()) == (kernel % stride == 0)


test_sizes_that_do_not_exist_get_one_line = refusals(
    (lambda: conv_size(2, 5), "the least size is 5"),
    (lambda: conv_size(0, 1), "size=0 must be a whole number of at least 1"),
    (lambda: conv_size(4, 0), "kernel=0"),
    (lambda: conv_size(4, 3, 0), "stride=0"),
    (lambda: conv_size(4, 3, 1, -1), "padding=-1"),
    (lambda: transposed_size(4, 3, 2, 1, 1, 2), "output_padding=2 must be below the stride"),
    (lambda: transposed_size(1, 1, 1, 3), "crops all"),
    (lambda: conv_matrix(torch.ones(1, 1, 1, 1, 1), 4), "no 1-D or 2-D convolution"),
    (lambda: conv_matrix(torch.ones(1, 1, 3, 3), [4]), "must have 2 numbers"),
    (lambda: conv_matrix(torch.ones(3, 1, 3), 4, groups=2), "groups=2 does not divide 3"),
    (lambda: coverage_pattern(0, 2), "kernel=0"),
    (lambda: coverage(3, 0, 4), "stride=0"),
)


# --- rewriting -------------------------------------------------------------------------------------

FOUND = identities(seed=3)


@pytest.mark.parametrize("identity", FOUND, ids=lambda identity: identity.statement)
def test_identities(identity):
    assert identity.error < 1e-12 if identity.holds else identity.error > 0.01


def test_the_same_seed_gives_the_same_table():
    state = torch.get_rng_state()
    assert identities(3) == FOUND != identities(4)
    assert torch.equal(state, torch.get_rng_state())


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
    resize = resize_conv((4,), 4).upsamplings[0].double()
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
