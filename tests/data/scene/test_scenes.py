"""Generated scenes: nothing but (seed, split, i) and the options decides a sample; the statistics of what is drawn."""

from functools import partial

import numpy as np
import pytest
import torch
from generated import OPTIONS, batch, raw, scenes
from lightning.fabric.utilities.apply_func import move_data_to_device
from refusals import refusals
from scipy.stats import chi2_contingency, chisquare, kstest
from sequence_data import opened_option
from torch.utils.data import DataLoader

from ablate.data.generated import Key
from ablate.data.scene.numbers import records
from ablate.data.scene.parameters import COLOURS, SHAPES


@pytest.mark.parametrize("size", [64, 37, [20, 90]])
def test_a_sample_is_the_same_alone_and_in_any_batch(size):
    dataset = scenes(image_size=size)
    together = batch(dataset, range(24))
    backwards = batch(dataset, range(23, -1, -1))
    assert torch.equal(together.image, backwards.image.flip(0))
    assert torch.equal(together.label, backwards.label.flip(0))
    for i in range(24):
        alone = batch(dataset, [i])
        assert torch.equal(alone.image[0], together.image[i]) and torch.equal(alone.label[0], together.label[i])
        for one, all_of_them in zip(alone.scene, together.scene):
            assert torch.equal(one[0], all_of_them[i])


def test_a_sample_is_the_same_from_any_worker():
    dataset = scenes(sizes={"train": 24})
    whole = batch(dataset, range(24))
    for workers, size in [(0, 5), (2, 7)]:
        loader = DataLoader(dataset, size, num_workers=workers, collate_fn=dataset.collate)
        parts = [dataset.finish(part) for part in loader]
        assert torch.equal(torch.cat([p.image for p in parts]), whole.image)
        assert torch.equal(torch.cat([p.label for p in parts]), whole.label)
        assert torch.cat([p.index for p in parts]).tolist() == list(range(24))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device to compare with the CPU")
def test_a_sample_is_the_same_on_a_gpu():
    dataset = scenes()
    sent = raw(dataset, range(64))
    on_gpu = dataset.finish(move_data_to_device(sent, torch.device("cuda")))
    assert on_gpu.image.is_cuda and on_gpu.scene.radius.is_cuda
    on_cpu = dataset.finish(sent)
    assert torch.equal(on_gpu.image.cpu(), on_cpu.image) and torch.equal(on_gpu.label.cpu(), on_cpu.label)


def test_streams_are_disjoint_and_do_not_depend_on_the_size_of_a_split():
    first = {split: batch(scenes(split), range(8)).image for split in OPTIONS["sizes"]}
    assert not torch.equal(first["train"], first["val"]) and not torch.equal(first["val"], first["test"])
    assert not torch.equal(first["train"], batch(scenes(seed=1), range(8)).image)
    assert torch.equal(first["train"], batch(scenes(sizes={"train": 9}), range(8)).image)
    numbers = np.concatenate([scenes(split, seed=s)[i].numbers for split in first for s in (0, 1) for i in (0, 1, 200)])
    assert len(np.unique(numbers)) == len(numbers)


def test_the_key_is_philox_own():
    ours, theirs = np.random.Philox(Key(3, 1 << 56 | 7)), np.random.Philox(key=[3, 1 << 56 | 7])
    assert np.array_equal(ours.random_raw(9), theirs.random_raw(9))


@pytest.mark.parametrize("size, shape", [(1, (1, 1)), (33, (33, 33)), ([48, 130], (48, 130))])
def test_image_size(size, shape):
    got = batch(scenes(image_size=size), range(5))
    assert got.image.shape == (5, 3, *shape) and got.label.shape == (5, *shape)
    assert got.image.is_contiguous() and got.image.dtype == torch.float32 and got.label.dtype == torch.int64
    assert got.image.min() >= 0 and got.image.max() <= 1


def test_a_larger_picture_shows_the_same_scene():
    small, large = batch(scenes(noise=0.0), range(16)), batch(scenes(noise=0.0, image_size=128), range(16))
    assert torch.allclose(large.scene.centre, 2 * small.scene.centre)
    assert torch.allclose(large.scene.radius, 2 * small.scene.radius)
    assert torch.nn.functional.avg_pool2d(large.image, 2).sub(small.image).abs().mean() < 0.02
    assert (large.label[:, ::2, ::2] == small.label).float().mean() > 0.97


def test_objects_and_strokes_are_scaled_and_nothing_else():
    plain, scaled = raw(scenes(), range(64)), raw(scenes(object_scale=1.25, stroke_scale=1.5), range(64))
    assert torch.allclose(scaled.objects.radius, 1.25 * plain.objects.radius)
    assert torch.allclose(scaled.objects.stroke, 1.5 * plain.objects.stroke)
    assert torch.equal(scaled.scene.centre, plain.scene.centre) and torch.equal(scaled.scene.colour, plain.scene.colour)
    assert all(map(torch.equal, scaled.backdrop.texture, plain.backdrop.texture))


def test_a_subset_of_the_classes_numbers_them_anew():
    got = batch(scenes(class_names=["background", "line", "disc"]), range(32))
    assert set(got.label.unique().tolist()) == {0, 1, 2}
    assert set(got.scene.shape.unique().tolist()) == {-1, SHAPES.index("line"), SHAPES.index("disc")}


@pytest.mark.parametrize("objects", [[0, 1], [3, 3], [1, 12]])
def test_number_of_objects(objects):
    got = batch(scenes(objects=objects), range(64))
    assert got.scene.shape.shape == (64, objects[1])
    assert (got.scene.count.min().item(), got.scene.count.max().item()) == tuple(objects)
    empty = got.scene.count == 0
    assert (got.label[empty] == 0).all() and (got.label[~empty] > 0).any()


test_bad_input_is_refused_in_one_line = refusals(
    (dict(class_names=["background", "sqare"]), "data.class_names.1='sqare' is unknown; did you mean 'square'"),
    (dict(class_names=["disc", "square"]), "must be background, then one or more of disc"),
    (dict(class_names=["background"]), "must name 1 or more of disc"),
    (dict(class_names=[]), "must be background, then"),
    (dict(class_names=["background", "disc", "disc"]), "names a shape twice"),
    (dict(image_size=0), "image_size=0 must"),
    (dict(image_size=[64, -3]), "image_size.1=-3 must"),
    (dict(image_size=[64]), r"image_size=\[64\] must"),
    (dict(image_size=10**6), "image_size=1000000 must be a whole number between 1 and 16,384"),
    (dict(dataset__objects=[6, 2]), r"objects=\[6, 2\] must be a list of 2 in rising order"),
    (dict(dataset__objects=[-1, 2]), "objects.0=-1 must"),
    (dict(dataset__objects=[0, 10**6]), "objects.1=1000000 must be a whole number between 0 and 1,000"),
    (dict(dataset__objects=[0, 0]), r"objects=\[0, 0\] makes empty pictures"),
    (dict(dataset__noise=-0.1), "noise=-0.1 must"),
    (dict(dataset__noise=1e9), "noise=1000000000.0 must be a number between 0 and 1"),
    (dict(dataset__noise=float("nan")), "noise=nan must"),
    (dict(dataset__object_scale=0), "object_scale=0 must be a number above 0 and at most 4"),
    (dict(dataset__stroke_scale=float("nan")), "stroke_scale=nan must be"),
    (dict(dataset__stroke_scale=4.5), "stroke_scale=4.5 must be a number above 0 and at most 4"),
    (dict(dataset__seed=-1), "seed=-1 must"),
    (dict(dataset__sizes={"train": 0}), "sizes.train=0 must"),
    (dict(dataset__sizes={"train": 10**9}), "sizes.train=1000000000 must"),
    (dict(dataset__sizes={"val": 5}), "sizes={'val': 5} has no value for train"),
    of=partial(opened_option, "scenes"),
)


def test_an_index_beyond_the_split_ends_it():
    dataset = scenes("val", sizes={"val": 3})
    assert len(dataset) == 3 and [sample.index for sample in dataset] == [0, 1, 2]


# --- statistics over fixed seeds: no chance in the outcome ---------------------------------------------


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


@pytest.mark.slow
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
