"""Crops around single objects: which, from where, and with which labels; whole pictures where nothing is trained."""

import pytest
import torch
from generated import OPTIONS, batch, raw
from refusals import refusals

from ablate.data.picture.box import tight_boxes
from ablate.data.scene.crops import LEAST_SHARE, ObjectCrops
from ablate.data.scene.scenes import Scenes


def crops(split="train", **changed):
    return ObjectCrops(split=split, **OPTIONS | changed)


def owners(dataset, index):
    """The picture, which object each pixel of a scene shows, from 1, and the classes of the objects, pixel by pixel."""
    scenes = dataset.to_batch([dataset[index]])
    classes = scenes.objects.label
    shown = dataset.render(scenes._replace(objects=scenes.objects._replace(label=torch.arange(1, len(classes) + 1))))
    return shown.image[0], shown.label[0], [0, *classes.tolist()]


def naive(dataset, index):
    """The crops that sample `index` may be: pixel by pixel, one for each object that is large enough."""
    image, owner, classes = owners(dataset, index)
    (height, width), found = owner.shape, []
    for number in range(1, len(classes)):
        rows, columns = ((owner == number).nonzero()[:, axis].tolist() for axis in (0, 1))
        if len(rows) < LEAST_SHARE * height * width:
            continue
        ends = []
        for places, side in ((rows, height), (columns, width)):
            centre, half = (min(places) + max(places) + 1) / 2, (max(places) + 1 - min(places)) / 2 * dataset.enlarge
            ends.append((max(0.0, centre - half), min(float(side), centre + half)))
        (top, bottom), (left, right) = ends
        label = torch.zeros(height, width, dtype=torch.long)
        for i in range(height):
            for j in range(width):
                y = int(top + (i + 0.5) * (bottom - top) / height)
                x = int(left + (j + 0.5) * (right - left) / width)
                whose = int(owner[y, x])
                label[i, j] = classes[whose] if whose == number or not dataset.only_object else 0
        found.append(label)
    return found


@pytest.mark.parametrize("options", [{}, {"image_size": [32, 48], "only_object": False, "enlarge": 1.5}], ids=str)
def test_a_crop_is_the_enlarged_box_of_one_of_the_objects(options):
    dataset = crops(objects=[1, 4], **{"image_size": 32, **options})
    for index in range(6):
        label = batch(dataset, [index]).label[0]
        shares = [float((label == each).float().mean()) for each in naive(dataset, index)]
        assert max(shares, default=1.0) > 0.995  # a pixel on the edge of two may round otherwise


def test_the_object_fills_its_crop_and_the_rest_is_background():
    whole = batch(crops(objects=[4, 6]), range(64))
    found = [label.unique().tolist() for label in whole.label]
    assert all(len(each) == 2 and each[0] == 0 for each in found) and len({each[1] for each in found}) == 8
    first, last = tight_boxes(whole.label > 0).split(2, 1)
    assert ((last - first) / 64 > 0.75).all()  # 1 / 1.2, but for rounding and strokes of one pixel
    assert whole.scene is None and whole.image.shape == (64, 3, 64, 64)


def test_a_box_as_large_as_the_picture_is_the_picture():
    options = dict(enlarge=100.0, only_object=False, objects=[2, 6])
    ours, scenes = batch(crops(**options), range(8)), batch(Scenes(split="train", **OPTIONS), range(8))
    assert torch.equal(ours.label, scenes.label)
    torch.testing.assert_close(ours.image, scenes.image, rtol=0, atol=1e-5)


def test_a_sample_depends_on_its_number_alone_and_every_object_is_chosen():
    dataset = crops()
    together, backwards = batch(dataset, range(16)), batch(dataset, range(15, -1, -1))
    assert torch.equal(together.image, backwards.image.flip(0)) and torch.equal(together.label, backwards.label.flip(0))
    assert torch.equal(batch(dataset, [7]).label[0], together.label[7])
    sent = raw(crops(objects=[3, 3], sizes={"train": 600, "val": 1, "test": 1}), range(600))
    first = sent.choice.argmax(1).bincount(minlength=3)
    assert (first > 160).all()  # 200 each; standard deviation 12


def test_what_is_not_trained_on_is_whole():
    for split, chosen in (("val", True), ("test", True), ("train", False)):
        ours, scenes = batch(crops(split, crops=chosen), range(4)), batch(Scenes(split=split, **OPTIONS), range(4))
        assert torch.equal(ours.image, scenes.image) and torch.equal(ours.label, scenes.label)


def test_a_scene_without_objects_stays_whole():
    ours, scenes = (batch(kind(split="train", **OPTIONS | {"objects": [0, 1]}), range(12)) for kind in (ObjectCrops, Scenes))
    empty = scenes.scene.count == 0
    assert 0 < empty.sum() < 12
    torch.testing.assert_close(ours.image[empty], scenes.image[empty], rtol=0, atol=1e-5)
    assert not ours.label[empty].any()


test_bad_options_are_refused = refusals(
    ({"enlarge": 0.5}, "enlarge.*=0.5 must be a number between 1 and 100"),
    ({"enlarge": 101.0}, "enlarge.*=101.0 must be a number between 1 and 100"),
    of=crops,
)
