"""Augmentation: exact where it can be, and the label always follows the picture."""

import pytest
import torch
from commands import compose
from refusals import refusals

from ablate.data.augmentation import Augmentation
from ablate.data.batch import Scene, SegmentationBatch
from ablate.errors import BadInput
from ablate.run.build import build


def augmentation(**options: object) -> Augmentation:
    return Augmentation(**{"flip": 0.0, "scale": None, "crop": None, "colour": 0.0, "ignore_index": 255, **options})


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(count: int = 4, height: int = 5, width: int = 7, scene: bool = False) -> SegmentationBatch:
    """The label of a pixel is the number of its place, and so is each channel of the picture."""
    label = torch.arange(height * width).reshape(1, height, width).repeat(count, 1, 1)
    image = (label / 255.0)[:, None].repeat(1, 3, 1, 1)
    whole, real = torch.zeros(count, 1, dtype=torch.long), torch.zeros(count, 1)
    described = Scene(whole, whole, real, torch.zeros(count, 1, 2), real, whole[:, 0])
    return SegmentationBatch(image, label, torch.arange(count), described if scene else None)


def test_nothing_on_is_the_batch_itself() -> None:
    given = batch(scene=True)
    assert augmentation()(given, generator()) is given


def test_a_flip_is_the_flip() -> None:
    given = batch()
    given = given._replace(image=torch.rand(given.image.shape, generator=generator()))
    flipped = augmentation(flip=1.0)(given, generator())
    assert torch.equal(flipped.image, given.image.flip(-1))
    assert torch.equal(flipped.label, given.label.flip(-1))
    assert torch.equal(flipped.index, given.index)


@pytest.mark.parametrize("flip, share", [(True, 0.5), (0.25, 0.25), (False, 0.0)])
def test_each_picture_is_flipped_or_left_with_the_given_probability(flip: bool | float, share: float) -> None:
    given = batch(count=4000, height=1, width=2)
    label = augmentation(flip=flip)(given, generator()).label[:, 0]
    flipped = (label == torch.tensor([1, 0])).all(1)
    assert (flipped | (label == torch.tensor([0, 1])).all(1)).all()
    assert abs(flipped.float().mean() - share) < 4 * (0.25 / 4000) ** 0.5  # four standard errors


def test_a_crop_is_a_window_of_the_picture_at_every_place() -> None:
    result = augmentation(crop=[2, 3], flip=0.5)(batch(count=2000), generator())
    assert torch.equal(result.image[:, 0], result.label / 255.0)
    seen = set()
    for label in result.label.tolist():
        flipped = label[0][0] > label[0][1]
        rows = [row[::-1] if flipped else row for row in label]
        y, x = divmod(rows[0][0], 7)
        assert rows == [[7 * (y + i) + x + j for j in range(3)] for i in range(2)]
        seen.add((flipped, y, x))
    assert len(seen) == 2 * 4 * 5  # all of them, the last row and column too


def test_crop_takes_one_number_for_a_square() -> None:
    assert augmentation(crop=4)(batch(), generator()).image.shape == (4, 3, 4, 4)


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_scale_of_one_only_flips(flip: float) -> None:
    given = batch()
    result = augmentation(scale=[1.0, 1.0], flip=flip)(given, generator())
    expected = augmentation(flip=flip)(given, generator())
    assert torch.equal(result.label, expected.label)
    torch.testing.assert_close(result.image, expected.image, rtol=0, atol=1e-6)


def test_twice_as_large_by_hand() -> None:
    """A window of 4×4 in a picture of 2×2 enlarged to 4×4: the whole of it, weights 1/4 and 3/4."""
    given = SegmentationBatch(
        torch.tensor([[0.0, 0.4], [0.8, 0.2]]).expand(1, 3, 2, 2), torch.tensor([[[0, 1], [2, 3]]]), torch.arange(1)
    )
    twice = augmentation(scale=[2.0, 2.0])
    corner = twice._sample_parameters(1, generator(), given.image.device)._replace(offset=torch.zeros(1, 2))
    image, label = twice._resample(given.image, given.label, corner, (4, 4))
    row = torch.tensor([0.0, 0.1, 0.3, 0.4]), torch.tensor([0.8, 0.65, 0.35, 0.2])
    expected = torch.stack([row[0], 0.75 * row[0] + 0.25 * row[1], 0.25 * row[0] + 0.75 * row[1], row[1]])
    torch.testing.assert_close(image[0, 0], expected, rtol=0, atol=1e-6)
    assert label[0].tolist() == [[0, 0, 1, 1]] * 2 + [[2, 2, 3, 3]] * 2


def test_smaller_pictures_lie_somewhere_in_black_that_is_ignored() -> None:
    given = batch(count=200, height=8, width=8)._replace(image=torch.ones(200, 3, 8, 8))
    result = augmentation(scale=[0.5, 0.5])(given, generator())
    outside = result.label == 255
    torch.testing.assert_close(result.image[:, 0], (~outside).float(), rtol=0, atol=1e-6)
    sizes = (~outside).sum((1, 2))
    assert sizes.min() >= 9 and sizes.max() <= 25 and abs(sizes.float().mean() - 16) < 1  # 4×4, placed between pixels
    rows = (~outside).any(2).float().argmax(1)
    assert rows.min() == 0 and rows.max() >= 4


@pytest.mark.parametrize("scale", [None, [0.6, 1.8]])
def test_picture_and_label_move_together(scale: list[float] | None) -> None:
    """On a ramp along x and y, the place that a picture shows can be read off, and the label must name the same."""
    height, width = 24, 32
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    image = torch.stack([y / height, x / width, y * 0.0]).expand(16, 3, height, width)
    given = SegmentationBatch(image, (y * width + x + 1).expand(16, height, width), torch.arange(16))
    result = augmentation(scale=scale, crop=[20, 16], flip=0.5, ignore_index=0)(given, generator(3))
    inside, place = result.label > 0, result.label - 1
    shown_y, shown_x = result.image[:, 0] * height, result.image[:, 1] * width
    assert (shown_y - place.div(width, rounding_mode="floor"))[inside].abs().max() <= 0.501
    assert (shown_x - place % width)[inside].abs().max() <= 0.501
    assert inside.float().mean() > 0.8 and torch.isin(result.label[inside], given.label).all()


def test_scale_factors_fill_their_range() -> None:
    ramp = torch.linspace(0, 1, 64).expand(300, 3, 64, 64)
    given = SegmentationBatch(ramp, torch.zeros(300, 64, 64, dtype=torch.long), torch.arange(300))
    image = augmentation(scale=[1.25, 2.0])(given, generator()).image
    factor = 1 / 63 / (image[:, 0, 32, 33] - image[:, 0, 32, 32])
    assert 1.249 < factor.min() < 1.27 and 1.98 < factor.max() < 2.001


def test_colours_by_hand() -> None:
    """Brightness 1.5 of (.2, .4, .6) is (.3, .6, .9), whose grey is .0897 + .3522 + .1026."""
    image = torch.tensor([0.2, 0.4, 0.6]).reshape(1, 3, 1, 1).expand(1, 3, 2, 2).clone()
    given = SegmentationBatch(image, torch.zeros(1, 2, 2, dtype=torch.long), torch.arange(1))
    half = augmentation(colour=0.5)
    parameters = augmentation()._sample_parameters(1, generator(), image.device)
    half._sample_parameters = lambda *_: parameters._replace(colour=torch.tensor([[1.0, 0.0, 0.0]]))  # factors 1.5, 0.5, 0.5
    grey = 0.299 * 0.3 + 0.587 * 0.6 + 0.114 * 0.9
    less_contrast = [grey + 0.5 * (c - grey) for c in (0.3, 0.6, 0.9)]
    expected = [grey + 0.5 * (c - grey) for c in less_contrast]  # the grey of a flat picture stays
    torch.testing.assert_close(half(given, generator()).image[0, :, 0, 0], torch.tensor(expected))


def test_colour_leaves_places_labels_and_the_range_alone() -> None:
    given = batch(scene=True)._replace(image=torch.rand(4, 3, 5, 7, generator=generator()))
    result = augmentation(colour=0.8)(given, generator())
    assert torch.equal(result.label, given.label) and result.scene is given.scene
    assert result.image.min() >= 0 and result.image.max() <= 1 and not torch.equal(result.image, given.image)
    change = (result.image - given.image).mean((1, 2, 3))
    assert len(set(change.tolist())) == 4  # each picture its own


@pytest.mark.parametrize("option", [{"flip": 0.5}, {"scale": [1.0, 2.0]}, {"crop": 3}])
def test_a_scene_that_no_longer_holds_is_dropped(option: dict) -> None:
    assert augmentation(**option)(batch(scene=True), generator()).scene is None


def test_the_generator_alone_decides() -> None:
    every = augmentation(flip=0.5, scale=[0.5, 2.0], crop=4, colour=0.3)
    one, again, other = (every(batch(), generator(seed)) for seed in (5, 5, 6))
    assert torch.equal(one.image, again.image) and torch.equal(one.label, again.label)
    assert not torch.equal(one.image, other.image)


def test_colour_does_not_change_which_pictures_are_flipped() -> None:
    plain, coloured = (augmentation(flip=0.5, colour=c)(batch(count=20), generator()) for c in (0.0, 0.5))
    assert torch.equal(plain.label, coloured.label)


test_wrong_options_are_refused = refusals(
    ({"flip": 1.5}, "flip=1.5 must be a number between 0 and 1"),
    ({"colour": -0.1}, "colour=-0.1"),
    ({"scale": [2.0, 1.0]}, r"scale=\[2.0, 1.0\] must be a list of 2 in rising order"),
    ({"scale": [0.0, 1.0]}, "scale.0=0.0 must be a number above 0"),
    ({"scale": [1.0]}, "scale="),
    ({"crop": 0}, "crop=0 must be a whole number"),
    ({"crop": [3, 4, 5]}, r"crop=\[3, 4, 5\] must be a list of 2"),
    of=augmentation,
)


def test_a_crop_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(BadInput, match=r"augmentation.crop=\[5, 8\] is larger than the pictures, which are \[5, 7\]"):
        augmentation(crop=[5, 8])(batch(), generator())
    assert augmentation(crop=[5, 7])(batch(), generator()).image.shape == (4, 3, 5, 7)


def test_without_a_label_for_it_nothing_beyond_the_picture_is_shown() -> None:
    with pytest.raises(BadInput, match=r"augmentation.scale=\[0.9, 2.0\] shows what is beyond the pictures"):
        augmentation(scale=[0.9, 2.0], ignore_index=None)(batch(), generator())
    given = batch()
    label = augmentation(scale=[0.9, 2.0], crop=[4, 6], ignore_index=None)(given, generator()).label
    assert torch.isin(label, given.label).all() and label.shape == (4, 4, 6)


def test_the_configs() -> None:
    given = batch()
    none, standard = (
        build(compose(f"augmentation={name}", "data.ignore_index=7"), "augmentation") for name in ("none", "standard")
    )
    assert none(given, generator()) is given
    assert standard.flip == 0.5 and standard.ignore_index == 7
    result = standard(given, generator())
    assert result.image.shape == given.image.shape and result.label.max() <= 34
    assert not torch.equal(result.image, given.image)


def test_it_is_deterministic_on_any_device(deterministic_device: str) -> None:
    every = augmentation(flip=0.5, scale=[0.5, 2.0], crop=4, colour=0.3)
    there = SegmentationBatch(*(part.to(deterministic_device) for part in batch()[:3]))
    result, expected = every(there, generator()), every(batch(), generator())
    torch.testing.assert_close(result.image.cpu(), expected.image, rtol=0, atol=1e-4)
    assert (result.label.cpu() == expected.label).float().mean() > 0.99
