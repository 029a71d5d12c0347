"""The statistics of what is drawn, over fixed seeds: no chance in the outcome."""

import numpy as np
import pytest
import torch
from generated import batch, raw, scenes
from scipy.stats import chi2_contingency, chisquare, kstest

from ablate.data.scene.numbers import records
from ablate.data.scene.parameters import COLOURS


@pytest.fixture(scope="module")
def described():
    return raw(scenes(), range(2048)).scene


def snapped(dataset, indices, step):
    """The batch with its centres moved to every `step`th pixel centre, and what the renderer makes of it."""
    moved = []
    for sample in map(dataset.__getitem__, indices):
        numbers = sample.numbers.copy()
        _, objects = records(numbers)
        objects["centre"] = (np.floor(objects["centre"] * dataset.size / step) * step + 0.5) / dataset.size
        moved.append(sample._replace(numbers=numbers))
    return dataset.finish(dataset.collate(moved))


def centre_p_values(scene, axis):
    """Kolmogorov and Smirnov's test of centres against the uniform distribution, modulo 1, 2, 4, 8 and as they are."""
    centre = scene.centre[scene.shape >= 0][:, axis].double().numpy()
    return [kstest(centre % period / period, "uniform").pvalue for period in (1, 2, 4, 8, 64)]


@pytest.mark.parametrize("axis", [0, 1])
def test_centres_are_uniform_and_have_no_phase(described, axis):
    assert min(centre_p_values(described, axis)) > 0.001
    assert max(centre_p_values(snapped(scenes(), range(200), 1).scene, axis)[:2]) < 1e-6


def counts_by_phase(label, period):
    """How often each class occurs at each (row, column) modulo `period`: (b, class, period, period).

    In the middle half only: near the border there is less of everything, since no centre lies beyond it.
    """
    margin = label.shape[1] // 4
    one_hot = torch.nn.functional.one_hot(label[:, margin:-margin, margin:-margin], 9)[..., 1:]
    cells = one_hot.unflatten(2, (-1, period)).unflatten(1, (-1, period))
    return cells.sum((1, 3)).permute(0, 3, 1, 2).double()


def phase_p_value(label, period, trials=199):
    """Permutation test: how often do pictures shifted at random show as much phase as they do unshifted?"""
    counts = counts_by_phase(label, period)
    shifted = torch.stack([counts.roll((i, j), (2, 3)) for i in range(period) for j in range(period)])
    rng, every = torch.Generator().manual_seed(0), torch.arange(len(counts))

    def phase(total):
        mean = total.mean((1, 2), keepdim=True)
        return ((total - mean) ** 2 / mean).sum().item()

    null = [phase(shifted[torch.randint(period**2, every.shape, generator=rng), every].sum(0)) for _ in range(trials)]
    return (1 + sum(value >= phase(counts.sum(0)) for value in null)) / (1 + trials)


@pytest.mark.parametrize("period", [2, 4, 8])
def test_labels_have_no_phase(period):
    assert phase_p_value(batch(scenes(), range(400)).label, period) > 0.01


@pytest.mark.parametrize("period, size", [(2, 16), (4, 32), (8, 64)])
def test_labels_would_show_a_grid_of_centres(period, size):
    """Shapes that are wide against the grid average it out: hence the small pictures. Of one pixel, see the centres."""
    dataset = scenes(image_size=size)
    assert phase_p_value(batch(dataset, range(400)).label, period) > 0.01
    assert phase_p_value(snapped(dataset, range(400), period).label, period) == 1 / 200


def test_counts_shapes_and_colours_are_uniform_and_independent(described):
    assert chisquare(np.bincount(described.count, minlength=7)[2:]).pvalue > 0.01
    present = described.shape >= 0
    assert torch.equal(present.sum(1), described.count)
    assert torch.equal(present, torch.arange(6) < described.count[:, None])
    shape, colour = described.shape[present].numpy(), described.colour[present].numpy()
    table = np.histogram2d(shape, colour, (range(9), range(len(COLOURS) + 1)))[0]
    assert chisquare(table.sum(0)).pvalue > 0.01 and chisquare(table.sum(1)).pvalue > 0.01
    assert chi2_contingency(table).pvalue > 0.01
    assert kstest(described.angle[present] / (2 * np.pi), "uniform").pvalue > 0.01
