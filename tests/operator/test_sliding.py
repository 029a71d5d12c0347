"""Dense layers as convolutions: what the identities do not show, and what is refused."""

import numpy as np
import torch
from refusals import refusals
from torch import nn

from ablate.figure.heat_map import classifier, picture, windows
from ablate.operator.sliding import dense_as_convolution, fully_convolutional, sliding_window


def test_padding_breaks_it():
    """A window that is cut out has a border of zeros where the picture goes on."""
    padded = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 25, 2))
    x = torch.rand(1, 1, 11, 11)
    one, many = fully_convolutional(padded, (5, 5))(x)[..., 1:-1, 1:-1], sliding_window(padded, x, (5, 5), 1)[..., 1:-1, 1:-1]
    assert one.shape == many.shape and (one - many).abs().max() > 1e-3


def test_one_pass_has_the_answer_of_every_window():
    network, image = classifier().double(), torch.rand(2, 1, 20, 31).double()
    one, many = fully_convolutional(network, (12, 12))(image), sliding_window(network, image, (12, 12), 2)
    assert one.shape == many.shape == (2, 11, 5, 10) and (one - many).abs().max() < 1e-12


def test_the_figures_windows_hold_what_their_class_says():
    images, labels = windows(200, np.random.default_rng(0), "train")
    assert images.shape == (200, 1, 12, 12) and 0.2 < (labels == 10).float().mean() < 0.6
    assert images[labels < 10].sum((1, 2, 3)).min() > images[labels == 10].sum((1, 2, 3)).mean()
    assert picture().shape == (1, 1, 28, 64)


test_what_is_no_such_network_is_one_line = refusals(
    (lambda: dense_as_convolution(nn.Linear(18, 2), 2, (3, 4)), r"takes 18 numbers, not 2·3·4"),
    (lambda: fully_convolutional(nn.Sequential(nn.Conv2d(1, 2, 3)), (5, 5)), "no nn.Flatten"),
)
