"""Scores of windows, put together by their maximum: against a loop over windows and pixels, for uneven sizes."""

import math

import pytest
import torch
import torch.nn.functional as F
from refusals import refusals

from ablate.model.segmenter.windows import Windows

COVERED = [((9, 7), (1.0, 0.5)), ((12, 16), (0.4,)), ((5, 5), (0.01,)), ((33, 20), (0.75, 0.3))]


def network(image):
    """Two classes at each pixel, that depend on where in its window a pixel is: windows must be told apart."""
    n, _, h, w = image.shape
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    return torch.stack([image[:, 0] * 3 + y, image[:, 1] - 2 * x], 1)


def naive(windows, image):
    """Window by window, then pixel by pixel."""
    size = tuple(image.shape[2:])
    best = torch.full((len(image), 2, *size), -math.inf)
    total, count = torch.zeros_like(best), torch.zeros(size)
    for share in windows.shares:
        for top, left, height, width in windows.grid(share, size):
            crop = image[:, :, top : top + height, left : left + width]
            seen = crop if (height, width) == size else F.interpolate(crop, size, mode="bilinear", antialias=True)
            own = network(seen)
            own = own if (height, width) == size else F.interpolate(own, (height, width), mode="bilinear", antialias=True)
            for i in range(height):
                for j in range(width):
                    best[:, :, top + i, left + j] = torch.maximum(best[:, :, top + i, left + j], own[:, :, i, j])
                    total[:, :, top + i, left + j] += own[:, :, i, j]
                    count[top + i, left + j] += 1
    return best if windows.together == "maximum" else total / count


@pytest.mark.parametrize("together", ["maximum", "mean"])
@pytest.mark.parametrize("size, shares", COVERED)
def test_scores_are_those_of_a_loop_over_windows_and_pixels(size, shares, together):
    image = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    windows = Windows(shares, 0.5, together, batch_size=3)
    torch.testing.assert_close(windows(network, image), naive(windows, image), rtol=0, atol=1e-5)


def test_one_window_of_the_whole_picture_is_the_network():
    image = torch.rand(2, 3, 11, 6)
    assert torch.equal(Windows((1.0,))(network, image), network(image))


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("size, shares", COVERED)
def test_windows_reach_from_border_to_border_and_overlap_as_much_as_they_should(size, shares, overlap):
    for share in shares:
        seen = torch.zeros(size)
        grid = Windows((share,), overlap).grid(share, size)
        assert len(set(grid)) == len(grid)
        for top, left, height, width in grid:
            assert top >= 0 and left >= 0 and top + height <= size[0] and left + width <= size[1]
            seen[top : top + height, left : left + width] += 1
        assert (seen > 0).all()
        tops, height = sorted({window.top for window in grid}), grid[0].height
        gaps = [b - a for a, b in zip(tops, tops[1:])]
        assert max(gaps, default=0) <= max(1, math.ceil(height * (1 - overlap)))


def test_how_many_windows_are_seen_at_once_changes_nothing():
    image = torch.rand(3, 3, 14, 10)
    assert torch.equal(Windows(batch_size=1)(network, image), Windows(batch_size=64)(network, image))


test_bad_options_are_refused = refusals(
    ({"shares": (0.0, 1.0)}, "shares.0=0.0 must be a number above 0 and at most 1"),
    ({"shares": ()}, r"shares=\(\) must be a list of 1 or more"),
    ({"overlap": 1.0}, "overlap=1.0 must be a number of at least 0 and below 1"),
    of=Windows,
)
