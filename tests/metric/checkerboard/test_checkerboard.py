"""The four measures on layers and signals whose answer is known."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ablate.metric.checkerboard.phases import Coverage, GradientPhase, PhaseBias, PhaseShare, by_phase
from ablate.metric.checkerboard.spectral_peak import SpectralPeak


def value(metric, *given):
    metric.update(*given)
    return metric.compute()


def test_phases_are_positions_modulo_the_stride_inside_the_margin():
    x = torch.arange(2 * 11 * 8.0).view(2, 11, 8)
    phases = by_phase(x, 2, 2)
    assert phases.shape == (2, 2, 2, 3 * 2)  # 7 rows of 11 are left, of which 6 make whole cells
    for p in (0, 1):
        for q in (0, 1):
            assert phases[1, p, q].tolist() == x[1, 2 + p : 8 : 2, 2 + q : 6 : 2].flatten().tolist()
    assert by_phase(x, 8).shape == (2, 8, 8, 1) and by_phase(x, 8, 8).shape == (2, 8, 8, 0)


# --- coverage ------------------------------------------------------------------------------------


def transposed(kernel, channels=2):
    return nn.ConvTranspose2d(channels, channels, kernel, 2, (kernel - 1) // 2, output_padding=kernel % 2, bias=False).double()


def written(kernel, size=16):
    """How often each output of a 1-D transposed convolution with stride 2 is written, counted one weight at a time."""
    count = np.zeros(2 * size)
    for x in range(size):
        for i in range(kernel):
            y = 2 * x + i - (kernel - 1) // 2
            if 0 <= y < 2 * size:
                count[y] += 1
    return count


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6, 7])
def test_coverage_counts_the_weights_that_reach_each_position(kernel):
    layer = transposed(kernel)
    with torch.no_grad():
        layer.weight.fill_(1)
        response = layer(torch.ones(1, 2, 16, 16, dtype=torch.float64)) / 2
    metric, line = Coverage(2, margin=8), written(kernel)[8:10]
    expected = np.outer(line, line)
    assert float(value(metric, response)) == pytest.approx(expected.min() / expected.max())
    assert metric.counts.tolist() == expected.tolist()
    if kernel == 3:
        assert sorted(metric.counts.flatten().tolist()) == [1, 2, 2, 4]


def test_coverage_of_nails_is_0_and_of_several_layers_their_mean():
    nails = torch.zeros(1, 1, 8, 8)
    nails[..., ::2, ::2] = 1
    metric = Coverage(2)
    metric.update(nails)
    assert float(metric.compute()) == 0
    assert float(value(metric, torch.ones(1, 1, 8, 8))) == 0.5


# --- the layer's own bias ------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6])
def test_random_transposed_convolutions_are_biased_whether_or_not_the_stride_divides_the_kernel(kernel):
    torch.manual_seed(kernel)
    layer, metric = transposed(kernel, 64), PhaseBias(2, margin=8)
    bias = float(value(metric, layer(torch.eye(64).double()[:, :, None, None].expand(64, 64, 16, 16)).detach()))
    assert bias == pytest.approx(math.sqrt(3), rel=0.05)  # the sums by phase share no weight
    sums = torch.stack([layer.weight[:, :, p::2, q::2].sum((2, 3)) for p in (0, 1) for q in (0, 1)]).detach()
    by_hand = (sums.var(0, correction=0).sum() / sums.mean(0).square().sum()).sqrt()
    assert bias == pytest.approx(float(by_hand), rel=1e-12)


def test_flat_stays_flat_behind_nearest_and_bilinear_interpolation():
    constant = torch.tensor([0.3, -2.0]).double().view(1, 2, 1, 1).expand(1, 2, 16, 16)
    for mode in ("nearest", "bilinear"):
        convolved = F.conv2d(F.interpolate(constant, scale_factor=2, mode=mode), torch.randn(2, 2, 3, 3).double(), padding=1)
        assert float(value(PhaseBias(2, margin=2), convolved)) < 1e-12


# --- a trained network's logits ------------------------------------------------------------------


def scenes_like(n=64, k=3, size=48, seed=0):
    """Smooth random maps without any phase."""
    rough = torch.randn(n, k, size + 8, size + 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.avg_pool2d(rough, 9, 1)


def test_the_phase_share_is_the_share_of_variance_that_a_pattern_adds():
    z = scenes_like()
    pattern = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 0.1
    with_pattern = z + pattern.repeat(1, 12, 12)
    means = by_phase(with_pattern, 4).mean((0, -1)).flatten(1)
    expected = means.var(1, correction=0).sum() / with_pattern.movedim(1, 0).flatten(1).var(1, correction=0).sum()
    found = value(PhaseShare(4), with_pattern)
    assert float(found["phase_share"]) == pytest.approx(float(expected), rel=1e-9)
    assert float(found["phase_share_p"]) == pytest.approx(1 / 201)
    assert float(found["phase_share_excess"]) == pytest.approx(float(expected), rel=0.1)


def test_without_a_pattern_the_share_is_chance():
    found = [value(PhaseShare(4, shifts=49), scenes_like(16, 1, 24, seed)) for seed in range(60)]
    p_values, excess = ([float(each[name]) for each in found] for name in ("phase_share_p", "phase_share_excess"))
    assert sum(p <= 0.1 for p in p_values) <= 13 and sum(p > 0.5 for p in p_values) >= 17
    assert abs(np.mean(excess)) < 3 * np.std(excess) / math.sqrt(len(found))


def test_another_seed_gives_other_shifts():
    assert PhaseShare(4, margin=4, seed=1)._offsets(5).tolist() != PhaseShare(4, margin=4)._offsets(5).tolist()


def test_pictures_without_a_whole_cell_give_nan():
    assert math.isnan(value(PhaseShare(8, margin=8), torch.randn(2, 3, 16, 16))["phase_share"])
    assert math.isnan(value(SpectralPeak(8), torch.randn(2, 3, 16, 16)))


def test_the_spectrum_stands_out_at_the_grid_and_only_there():
    z = scenes_like(32, 2, 64)
    clean = float(value(SpectralPeak(4), z))
    assert abs(clean) < 2
    grid = torch.zeros(4, 4).double()
    grid[0, 0] = 1
    heights = [float(value(SpectralPeak(4), z + height * grid.repeat(16, 16))) for height in (0.05, 0.2, 0.8)]
    assert clean < heights[0] < heights[1] < heights[2] and heights[2] > 10
    rolled = torch.stack([(grid.repeat(16, 16).roll((i, i // 4), (0, 1))).expand(2, 64, 64) for i in range(32)])
    assert float(value(SpectralPeak(4), z + 0.8 * rolled)) == pytest.approx(heights[2], abs=1)  # no common phase is needed
    y = torch.arange(64).double()
    beside = torch.sin(2 * math.pi * y * (1 / 4 + 1 / 8))[:, None].expand(64, 64)
    assert float(value(SpectralPeak(4), z + beside)) < clean + 0.5


# --- the gradient --------------------------------------------------------------------------------

DOWNSAMPLINGS = {  # module, and the ratio of its energies by phase: pixels of a strided 3×3 are read 1, 2, 2 and 4 times
    "convolution 2": (nn.Conv2d(3, 512, 2, 2), 1),
    "convolution 3": (nn.Conv2d(3, 512, 3, 2, 1), 4),
    "convolution 4": (nn.Conv2d(3, 512, 4, 2, 1), 1),
    "max pooling 2": (nn.MaxPool2d(2), 1),
    "overlapping max pooling 3": (nn.MaxPool2d(3, 2, 1), 4),
    "average pooling 2": (nn.AvgPool2d(2), 1),
}


@pytest.mark.parametrize("name", DOWNSAMPLINGS)
def test_energy_of_the_gradient_by_phase(name):
    torch.manual_seed(0)
    layer, expected = DOWNSAMPLINGS[name]
    if isinstance(layer, nn.Conv2d):
        nn.init.normal_(layer.weight)
    x = torch.randn(8, 3, 32, 32, requires_grad=True)
    out = layer(x)
    (gradient,) = torch.autograd.grad((out * torch.randn_like(out)).sum(), x)
    metric = GradientPhase(2, margin=2)
    assert float(value(metric, gradient)) == pytest.approx(expected, rel=0.25)
    assert metric.energy.flatten()[int(metric.energy.argmin())] > 0 and metric.energy.shape == (2, 2)
