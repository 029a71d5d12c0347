"""What is drawn of attributions: colours by sign and size, a page of rows and columns, words in HTML."""

import re

import numpy as np
import torch

from ablate.explanation.methods import by_position, relevance
from ablate.figure.colours import ORANGE, SKY_BLUE
from ablate.figure.explanation import Row, WordsRow, overlay, scaled, side_by_side, words_html, words_on_console


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def test_what_speaks_for_it_is_orange_what_speaks_against_it_is_blue_and_the_rest_a_dim_grey():
    attribution = torch.zeros(3, 8, 8)
    attribution[0, 0, 0], attribution[1, 7, 7], attribution[2, 7, 7] = 2.0, -1.5, -0.5
    pixels = np.asarray(overlay("occlusion", torch.ones(3, 8, 8), attribution)).astype(int)
    assert pixels[0, 0].tolist() == rgb(ORANGE) and pixels[7, 7].tolist() == rgb(SKY_BLUE)
    assert pixels[3, 3].tolist() == [140, 140, 140]
    unsigned = np.asarray(overlay("gradient", torch.ones(3, 8, 8), attribution)).astype(int)
    assert unsigned[0, 0].tolist() == rgb(ORANGE) and unsigned[7, 7, 2] < unsigned[7, 7, 0]  # its size alone counts


def test_one_number_a_place():
    attribution = torch.tensor([[[[1.0]], [[-3.0]], [[0.5]]]])
    assert by_position("integrated_gradients", attribution).item() == -1.5 and by_position("gradient", attribution).item() == 3
    assert relevance("integrated_gradients", attribution).item() == 0
    assert by_position("guided", torch.tensor([[[1.0, -2.0], [0.0, 0.5]]])).tolist() == [[2.0, 0.5]]
    assert scaled("grad_cam", torch.zeros(3, 4, 4)).tolist() == [[0.0] * 4] * 4
    assert scaled("input_x_gradient", torch.tensor([[2.0, 2.0], [-1.0, -1.0]])).tolist() == [1.0, -0.5]


def test_a_page_has_a_row_a_target_and_a_column_a_method():
    rows = [Row(torch.rand(3, 8, 12), name, {"gradient": torch.rand(3, 8, 12), "grad_cam": torch.rand(3, 8, 12)}) for name in "ab"]
    titles = [axes.get_title() for axes in side_by_side(rows).axes]
    assert titles == ["a", "gradient", "grad cam", "b", "gradient", "grad cam"]
    assert "of gradient how much" in side_by_side(rows).get_supxlabel()
    lines = side_by_side(rows, "$a " + "very long caption " * 10).get_suptitle().splitlines()
    assert len(lines) > 1 and lines[0].startswith("$a very long") and max(map(len, lines)) < 60


def test_words_keep_their_letters_and_get_their_colours():
    row = WordsRow(["<i>", "dull", "film"], "negative", [0.0, 1.0, -0.5])
    page = words_html([row], "occlusion", " ")
    found = re.findall(r"background:rgb\((\d+), (\d+), (\d+)\)\">(.*?)</span>", page)
    assert [word for *_, word in found] == ["&lt;i&gt;", "dull", "film"] and "<i>" not in page
    assert [int(n) for n in found[1][:3]] == rgb(ORANGE) and found[0][:3] == ("255", "255", "255")
    text = words_on_console(row, " ")
    assert text.plain == "negative: <i> dull film"
    assert {str(span.style) for span in text.spans} >= {"black on rgb({},{},{})".format(*rgb(ORANGE))}
