"""Panel and confusion matrix show what they are given, pixel by pixel."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib import rcParams
from PIL import Image

from ablate.figure import labels
from ablate.figure.panel import (
    GAP,
    INCORRECT,
    LINE,
    _with_legend,
    colour_map,
    colours_of,
    error_map,
    plot_confusion,
    reconstruction_panel,
    segmentation_panel,
)

PALETTE = [[10, 20, 30], [200, 0, 0], [0, 200, 0]]
NAMES = ["ground", "leaf", "fruit"]


def test_label_colours_and_void():
    label = torch.tensor([[0, 1, 2, 255]])
    assert colour_map(label, PALETTE).tolist() == [[*PALETTE, [255, 255, 255]]]


def test_a_palette_that_is_too_short_goes_on_with_other_colours():
    colours = colours_of(PALETTE, 255)
    assert colours[:3] == [*map(tuple, PALETTE)] and len(set(colours)) == 255 and colours[3] == (128, 0, 0)
    image, label = torch.rand(1, 3, 4, 4), torch.full((1, 4, 4), 2)
    assert segmentation_panel(image, label, label, NAMES, PALETTE[:1], 255).getpixel((3 * GAP + 128 + 9, LINE + GAP + 9)) == (
        0,
        128,
        0,
    )


def test_errors_are_marked_and_void_is_no_error():
    label, prediction = torch.tensor([[0, 1, 255]]), torch.tensor([[0, 2, 1]])
    drawn = error_map(label, prediction, 255)[0]
    assert drawn[1].tolist() == list(INCORRECT) and drawn[0].tolist() != list(INCORRECT) and drawn[2].tolist() == [255, 255, 255]


def test_the_panel_has_each_picture_in_its_place():
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, 40, 60, generator=generator)
    label = torch.randint(3, (2, 40, 60), generator=generator)
    prediction = torch.randint(3, (2, 40, 60), generator=generator)
    sheet = np.asarray(segmentation_panel(image, label, prediction, NAMES, PALETTE, 255))
    scale = 128 // 60
    for row in range(2):
        top = LINE + GAP + row * (40 * scale + GAP)
        tiles = [
            sheet[top : top + 40 * scale : scale, left : left + 60 * scale : scale]
            for left in (GAP + column * (60 * scale + GAP) for column in range(4))
        ]
        expected_image = (image[row] * 255).round().byte().permute(1, 2, 0).numpy()
        assert (tiles[0] == expected_image).all()
        assert (tiles[1] == colour_map(label[row], PALETTE)).all() and (tiles[2] == colour_map(prediction[row], PALETTE)).all()
        assert ((tiles[3] == INCORRECT).all(-1) == (label[row] != prediction[row]).numpy()).all()
    legend = sheet[LINE + 2 * (40 * scale + GAP) + GAP :]
    for colour in PALETTE:
        assert (legend == colour).all(-1).any()


def test_the_panel_shows_picture_reconstruction_middle_and_error():
    generator = torch.Generator().manual_seed(0)
    image, output = torch.rand(2, 2, 3, 30, 60, generator=generator)
    sheet = np.asarray(reconstruction_panel(image, output))
    scale, middle = 128 // 60, (output[1][:, 10:20, 20:40] * 255).round().byte().permute(1, 2, 0).numpy()
    top = LINE + GAP + 30 * scale + GAP
    tiles = [sheet[top : top + 30 * scale, GAP + c * (60 * scale + GAP) :][:, : 60 * scale] for c in range(4)]
    for tile, expected in zip(tiles, (image[1], output[1])):
        assert (tile[::scale, ::scale] == (expected * 255).round().byte().permute(1, 2, 0).numpy()).all()
    assert (tiles[2][3 * scale // 2 :: 3 * scale, 3 * scale // 2 :: 3 * scale] == middle).all()
    error = (0.5 + 4 * (output[1] - image[1])).clamp(0, 1)
    assert (tiles[3][::scale, ::scale] == (error * 255).round().byte().permute(1, 2, 0).numpy()).all()


def test_confusion_rows_are_shares_and_a_class_that_never_occurs_stays_empty():
    figure = plot_confusion(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]), NAMES)
    axes = figure.axes[0]
    shown = axes.images[0].get_array()
    assert np.allclose(np.ma.filled(shown, np.nan), [[0.75, 0.25, 0], [0, 1, 0], [np.nan] * 3], equal_nan=True)
    assert {text.get_text() for text in axes.texts} == {"0.75", "0.25", "1.00"}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == NAMES


@pytest.mark.filterwarnings("error")
def test_class_names_that_no_font_has_become_code_points(tmp_path, monkeypatch):
    monkeypatch.setattr(labels, "fontManager", SimpleNamespace(ttflist=[]))
    monkeypatch.setitem(rcParams, "font.family", ["sans-serif"])
    labels._take_font_with.cache_clear()
    figure = plot_confusion(np.eye(3, dtype=int), ["道", "größe", "$a$"])
    figure.savefig(tmp_path / "confusion.png")
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["U+9053", "größe", "$a$"]
    drawn = [
        np.asarray(_with_legend(Image.new("RGB", (300, 9), "white"), [name], [(0, 0, 0)])) for name in ("道", "U+9053", "größe")
    ]
    assert np.array_equal(*drawn[:2]) and not np.array_equal(*drawn[1:])
