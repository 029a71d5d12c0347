"""Figures of attention, of captions and of answers show what they are given, in any script."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.text import Text

from ablate.callback.texts import story_lines
from ablate.data.batch import Judgement
from ablate.figure import labels
from ablate.figure.attention import IN_A_ROW, Matrix, Strip, attention_matrices, attention_strips
from ablate.figure.colours import CORRECT, GREY, INCORRECT, UNJUDGED
from ablate.figure.labels import printable, token_label
from ablate.figure.panel import plot_confusion
from ablate.figure.tiles import Answer, Caption, plot_answers, plot_captions, verdict

AWKWARD = ["5月", "שלום", "مرحبا", "$x$", "a_b^c", "tab\tnew\nline", "ก", "\\frac"]


def pictures(count=1, height=24, width=32):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


def one_hot(positions, of):
    return torch.eye(of)[list(positions)]


def texts(figure):
    return [text for axes in figure.axes for text in axes.texts]


def overlaid(sheet):
    """The picture in grey and the map over it, of each place of a sheet that has both."""
    places = {}
    for shown in sheet.images:
        places.setdefault(tuple(np.round(shown.get_extent(), 4)), []).append(shown)
    return [tile for tile in places.values() if len(tile) == 2]


def test_each_word_has_the_picture_with_its_own_map_and_the_first_tile_has_none():
    (image,), words, positions = pictures(), ["a", "red", "ring", "<eos>"], [0, 5, 11, 6]
    figure = attention_strips([Strip(image, words, one_hot(positions, 12))], (3, 4))
    sheet, bar = figure.axes
    assert [text.get_text() for text in sheet.texts] == ["", *words]
    assert np.allclose(sheet.images[0].get_array(), image.permute(1, 2, 0))
    for tile, position in zip(overlaid(sheet), positions, strict=True):
        grey, over = (shown.get_array() for shown in tile)
        assert grey.shape == over.shape == (24, 32)
        (row, column), (top, left) = divmod(int(over.argmax()), 32), (8 * index for index in divmod(position, 4))
        assert (row // 8 * 8, column // 8 * 8) == (top, left) and over[top + 3 : top + 5, left + 3 : left + 5].min() > 0.8
    assert "0.083" in bar.get_ylabel()


def test_what_is_attended_to_is_bright():
    figure = attention_strips([Strip(torch.full((3, 32, 32), 0.5), ["here"], one_hot([3], 4))], (2, 2))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    box = figure.axes[0].images[1].get_window_extent()
    top, left = pixels.shape[0] - int(box.y1), int(box.x0)
    tile = pixels[top : top + int(box.height), left : left + int(box.width)]
    at = lambda share: tile[int(share * len(tile)), int(share * len(tile))]  # noqa: E731
    assert at(0.85)[:2].min() > 150 > 90 > at(0.15).max() and np.ptp(at(0.15)) <= 2


def test_all_maps_of_a_strip_have_one_scale_and_long_captions_go_on_below():
    weights = torch.cat((torch.full((19, 4), 0.25), torch.tensor([[0.7, 0.1, 0.1, 0.1]])))
    figure = attention_strips([Strip(pictures()[0], ["word"] * 20, weights)], (2, 2))
    maps = [over for _, over in overlaid(figure.axes[0])]
    assert len(maps) == 20 and all(over.get_clim() == (0, pytest.approx(0.7)) for over in maps)
    corners = [(round(left, 4), round(top, 4)) for left, _, _, top in (over.get_extent() for over in maps)]
    assert len({y for _, y in corners}) == 3 and len({x for x, _ in corners}) == IN_A_ROW and len(set(corners)) == 20
    with pytest.raises(ValueError):
        attention_strips([Strip(pictures()[0], ["word"] * 2, weights)], (2, 2))


def test_the_label_of_a_colour_bar_is_not_cut_off():
    image, weights = pictures(1, 12, 48)[0], torch.full((1, 4), 0.25)
    strip = attention_strips([Strip(image, ["a"], weights)], (2, 2))
    for figure in (strip, plot_answers(image[None], [Answer("q", "yes", 0.9, "yes")], weights, (2, 2))):
        figure.draw_without_rendering()
        (bar,) = (axes for axes in figure.axes if axes.get_ylabel())
        label, whole = bar.yaxis.label.get_window_extent(), figure.bbox
        assert whole.x0 <= label.x0 < label.x1 <= whole.x1 and whole.y0 <= label.y0 < label.y1 <= whole.y1


def test_a_matrix_has_a_row_a_written_token_and_a_column_a_read_one(tmp_path):
    weights = torch.rand(2, 3, generator=torch.Generator().manual_seed(0))
    axes = attention_matrices([Matrix(["le", "chat", "noir"], ["black", "cat"], weights)]).axes[0]
    assert np.allclose(axes.images[0].get_array(), weights) and axes.images[0].get_clim() == (0, 1)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["le", "chat", "noir"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["black", "cat"]
    box = axes.get_window_extent()
    assert box.width / 3 == pytest.approx(box.height / 2)
    long = attention_matrices([Matrix(["a"] * 300, ["b"] * 5, torch.zeros(5, 300)), Matrix(["a"], ["b"], torch.ones(1, 1))])
    assert long.get_figwidth() < 18 and 50 < len(long.axes[0].get_xticks()) <= 120
    assert attention_matrices([Matrix(["a"], ["b"] * 300, torch.ones(300, 1))]).get_figheight() < 18
    small = attention_matrices([Matrix(["a"], ["b"], torch.ones(1, 1))])
    assert all(axes.get_position().y0 > 0 and axes.get_position().y1 < 1 for axes in small.axes)
    long.savefig(tmp_path / "long.png")


@pytest.mark.filterwarnings("error")
def test_no_script_and_no_sign_is_too_much(tmp_path):
    weights = torch.full((len(AWKWARD), 4), 0.25)
    strip = attention_strips([Strip(pictures()[0], AWKWARD, weights)], (2, 2))
    assert [text.get_text() for text in strip.axes[0].texts] == ["", *(token_label(word, 17) for word in AWKWARD)]
    matrix = attention_matrices([Matrix(AWKWARD, AWKWARD, torch.eye(len(AWKWARD)))])
    captions = [Caption(" ".join(AWKWARD), 0.5, AWKWARD, None)]
    answers = [Answer(" ".join(AWKWARD), word, 0.5, word) for word in AWKWARD]
    for figure in (strip, matrix, plot_captions(pictures(), captions), plot_answers(pictures(len(AWKWARD)), answers)):
        figure.savefig(tmp_path / "drawn.png")
        assert not any(text.get_parse_math() for text in figure.findobj(Text) if "$" in text.get_text())


@pytest.mark.parametrize(
    "text, shown",
    [
        ("5月", "5 U+6708"),
        ("日曜", "U+65E5 U+66DC"),
        ("a 日 b", "a U+65E5 b"),
        *((text, text) for text in ("שלום", "مرحبا", "$1 = ½")),
    ],
)
def test_letters_that_no_font_has_become_code_points(text, shown, monkeypatch):
    monkeypatch.setattr(labels, "fontManager", SimpleNamespace(ttflist=[]))
    monkeypatch.setitem(rcParams, "font.family", ["sans-serif"])
    labels._take_font_with.cache_clear()
    assert printable(text) == shown


def test_labels_show_white_space_and_are_cut():
    assert [token_label(token, 5) for token in (" ", "\n", "a b", "sixsix")] == ["␣", "⏎", "a␣b", "sixs…"]


def test_captions_are_coloured_by_their_truth_and_references_are_grey():
    verdicts = [verdict(Judgement([True, True])), verdict(Judgement([True, False])), verdict(None), None]
    assert verdicts[:3] == ["true", "false", "not of the language"]
    references = [f"right {i}" for i in range(7)]
    images = pictures(4)
    figure = plot_captions(images, [Caption(f"caption {i}", 0.25, references, each) for i, each in enumerate(verdicts)])
    shown = [each.get_array() for each in figure.axes[0].images]
    assert np.allclose(np.stack(shown), images.permute(0, 2, 3, 1))
    colour = {text.get_text(): to_hex(text.get_color()).upper() for text in texts(figure)}
    assert [colour[f"caption {i}"] for i in range(4)] == [CORRECT, INCORRECT, GREY, UNJUDGED]
    assert {"p = 0.25, true", "p = 0.25, false", "p = 0.25, not of the language", "p = 0.25"} <= set(colour)
    assert colour["right 4"] == GREY and "right 5" not in colour


def test_long_texts_are_wrapped_into_the_width_of_their_picture_and_cut(tmp_path):
    long = "a purple star below a small blue star and a large one " * 5
    figure = plot_captions(pictures(2), [Caption(long, 0.1, [long, "UNBROKEN" * 30], "true")] * 2)
    figure.savefig(tmp_path / "drawn.png")
    sheet = figure.axes[0]
    for picture in sheet.images:
        frame = picture.get_window_extent()
        below = [text for text in sheet.texts if text.get_window_extent().x0 == pytest.approx(frame.x0, abs=4)]
        assert all(text.get_window_extent().x1 <= frame.x1 + 10 for text in below if "UNBROKEN" not in text.get_text())
        heights = [text.get_window_extent().y0 for text in below]
        assert frame.y0 > heights[0] and heights == sorted(heights, reverse=True) and len(heights) == 4 + 1 + 2 + 2
        assert below[3].get_text().endswith("…")


def test_answers_are_green_or_red_over_the_truth_beside_their_attention():
    answers = [Answer("is there a ring ?", "yes", 0.9, "yes"), Answer("how many ?", "two", 0.6, "three")]
    figure = plot_answers(pictures(2, 16, 16), answers, one_hot([1, 2], 4), (2, 2))
    colour = {text.get_text(): to_hex(text.get_color()).upper() for text in texts(figure)}
    assert colour["yes (right, p = 0.9)"] == CORRECT and colour["two (wrong, p = 0.6)"] == INCORRECT
    assert {"is there a ring ?", "how many ?", "truth: yes", "truth: three"} < set(colour)
    peaks = [divmod(int(over.get_array().argmax()), 16) for _, over in overlaid(figure.axes[0])]
    assert [(row // 8, column // 8) for row, column in peaks] == [(0, 1), (1, 0)]
    assert not overlaid(plot_answers(pictures(2), answers).axes[0])


def test_of_a_story_its_last_sentences_and_its_support():
    story = " ".join(f"sentence {i} ." for i in range(7))
    lines = story_lines(story, ["sentence 0 ."]).split("\n")
    assert lines == ["  …", *(f"  sentence {i}" for i in range(2, 7)), "  support: sentence 0"]
    assert story_lines("one .", []) == "  one"


def test_a_confusion_matrix_of_many_classes_stays_within_bounds(tmp_path):
    sizes = {}
    for classes in (3, 20, 21, 58, 300):
        figure = plot_confusion(np.eye(classes, dtype=int), [f"class {i}" for i in range(classes)])
        sizes[classes] = figure.get_figwidth()
        assert len(figure.axes[0].texts) == (classes if classes < 100 else 0)
    assert sizes[3] == pytest.approx(4.1) and sizes[20] == pytest.approx(12.6)
    assert list(sizes.values()) == sorted(sizes.values()) and sizes[58] < 18 and sizes[300] < 20
