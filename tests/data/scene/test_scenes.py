"""Generated scenes: nothing but (seed, split, i) and the options decides a sample."""

import numpy as np
import pytest
import torch
from generated import OPTIONS, batch, raw, scenes
from lightning.fabric.utilities.apply_func import move_data_to_device
from refusals import refusals
from torch.utils.data import DataLoader

from ablate.data.generated import Key
from ablate.data.scene.parameters import SHAPES


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
    (dict(split="training"), "split='training' is unknown; did you mean 'train'"),
    (dict(class_names=["background", "sqare"]), "'sqare' is unknown; did you mean 'square'"),
    (dict(class_names=["disc", "square"]), "must be background, then one or more of disc"),
    (dict(class_names=["background"]), "must name 1 or more of disc"),
    (dict(class_names=[]), "must be background, then"),
    (dict(class_names=["background", "disc", "disc"]), "names a shape twice"),
    (dict(image_size=0), "image_size=0 must"),
    (dict(image_size=[64, -3]), "image_size=-3 must"),
    (dict(image_size=[64]), r"image_size=\[64\] must"),
    (dict(objects=[6, 2]), r"objects=\[6, 2\] must be \[fewest, most\]"),
    (dict(objects=[-1, 2]), r"objects=\[-1, 2\]"),
    (dict(objects=[0, 0]), r"objects=\[0, 0\]"),
    (dict(noise=-0.1), "noise=-0.1 must"),
    (dict(noise=float("nan")), "noise=nan must"),
    (dict(object_scale=0), "object_scale=0 must be a number above 0, up to 4"),
    (dict(stroke_scale=float("nan")), "stroke_scale=nan must be"),
    (dict(stroke_scale=4.5), "stroke_scale=4.5 must be a number above 0, up to 4"),
    (dict(seed=-1), "seed=-1 must"),
    (dict(sizes={"train": 0}), "sizes.train=0 must"),
    (dict(sizes={"val": 5}), "sizes.train=None must"),
    of=scenes,
)


def test_an_index_beyond_the_split_ends_it():
    dataset = scenes("val", sizes={"val": 3})
    assert len(dataset) == 3 and [sample.index for sample in dataset] == [0, 1, 2]
