"""Pictures of drawings: where each lies in its table, and where the frame of a window is drawn."""

import numpy as np
import torch
from PIL import Image, ImageColor

from ablate.figure.colours import DARK_GREY, ORANGE
from ablate.figure.drawing import GAP, SIDE, canvas_film, canvas_strip, frames_of, sample_grid, save_film
from ablate.model.draw.filter_bank import Window


def at(y, x, stride, deviation=0.1, shape=(1, 1)):
    return Window(*(torch.full(shape, float(each)) for each in (y, x, stride, deviation, 1)))


def test_samples_lie_in_reading_order_and_white_is_white():
    probability = torch.linspace(0, 1, 5).view(5, 1, 1).expand(5, 3, 2)
    grid = np.asarray(sample_grid(probability, scale=2))
    assert grid.shape == (GAP + 2 * (6 + GAP), GAP + 3 * (4 + GAP), 3)
    found = [grid[GAP + 1 + i * (6 + GAP), GAP + 1 + j * (4 + GAP)].tolist() for i in (0, 1) for j in (0, 1, 2)]
    dark = list(ImageColor.getrgb(DARK_GREY))
    assert found == [[0] * 3, [64] * 3, [128] * 3, [191] * 3, [255] * 3, dark]
    assert grid[0, 0].tolist() == dark


def orange(picture):
    """Rows and columns of a picture that have the colour of a frame."""
    hit = (np.asarray(picture) == ImageColor.getrgb(ORANGE)).all(2)
    return np.flatnonzero(hit.any(1)), np.flatnonzero(hit.any(0))


def test_a_frame_goes_from_the_middle_of_the_first_filter_to_that_of_the_last():
    """Three filters at rows 2, 4, 6 and columns 3, 5, 7 of 28 pixels: their middles are at (2 + ½) · 4 = 10, …."""
    scale = SIDE // 28
    rows, columns = orange(canvas_strip(torch.zeros(1, 1, 28, 28), at(4, 5, 2), 3))
    assert (rows.min(), rows.max()) == (GAP + 2.5 * scale, GAP + 6.5 * scale)
    assert (columns.min(), columns.max()) == (GAP + 3.5 * scale, GAP + 7.5 * scale)
    assert frames_of(at(4, 5, 2), 3) == [[(4.0, 5.0, 4.0, 4.0, float(torch.tensor(0.1)))]]


def test_wide_filters_have_a_thick_frame_and_nothing_is_drawn_beyond_the_picture():
    thickness = lambda deviation: int((np.asarray(  # noqa: E731
        canvas_strip(torch.zeros(1, 1, 28, 28), at(14, 14, 4, deviation), 3)
    )[:, GAP + 58] == ImageColor.getrgb(ORANGE)).all(1).sum())  # fmt: skip
    assert thickness(0.5) < thickness(3.0)
    for place in (-1e9, 1e9):
        assert not orange(canvas_strip(torch.zeros(1, 1, 28, 28), at(place, place, 1), 3))[0].size
    assert not orange(canvas_strip(torch.zeros(1, 1, 28, 28), None, None))[0].size


def test_a_strip_has_a_row_a_picture_and_a_film_a_frame_a_step(tmp_path):
    canvas = torch.rand(3, 4, 28, 28)
    side = GAP + SIDE
    assert canvas_strip(canvas, None, None).size == (GAP + 4 * side, GAP + 3 * side)
    assert canvas_strip(canvas, None, None, torch.rand(3, 28, 28)).size == (GAP + 5 * side, GAP + 3 * side)
    films = canvas_film(canvas, at(14, 14, 2, shape=(3, 4)), 5)
    assert len(films) == 4 and films[0].size == (GAP + 2 * side, GAP + 2 * side)
    save_film(films, path := tmp_path / "film.gif")
    with Image.open(path) as film:
        assert film.n_frames == 4 and film.info["loop"] == 0
        film.seek(2)
        third = np.asarray(film.convert("RGB")).astype(int)
    assert np.abs(third - np.asarray(films[2])).mean() < 8
