"""A classifier of digits, trained on windows, as a map of heat over a larger picture."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from torch import Tensor, nn

from ablate.data.source.digits import load_digits_by_split
from ablate.data.split import SPLITS
from ablate.figure.cells import axes_grid
from ablate.operator.sliding import fully_convolutional, sliding_window

WINDOW, SIDE, DIGITS = 12, 8, (3, 0, 7, 5, 8, 1)  # pixels of a window and of a digit; what stands in the picture
PICTURE, PLACES = (28, 64), ((3, 2), (15, 12), (4, 24), (16, 34), (5, 45), (16, 53))  # rows, columns
STEPS, BATCH, EMPTY = 500, 128, 10  # of the training; the class of a window without a whole digit


def classifier() -> nn.Sequential:
    """Of windows of 12×12: two convolutions without padding, a pooling, two dense layers; ten digits and "none"."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 9, 64), nn.ReLU(), nn.Linear(64, 11),
    )  # fmt: skip


def windows(count: int, random: np.random.Generator, split: str) -> tuple[Float[Tensor, "n 1 12 12"], Int[Tensor, " n"]]:
    """Windows with a digit in the middle, give or take two pixels, and windows of the class none, with a part of one or nothing."""
    pixels, labels, splits = load_digits_by_split()
    chosen = random.choice(np.flatnonzero(splits == SPLITS.index(split)), count)
    canvas = np.zeros((count, 3 * WINDOW, 3 * WINDOW), np.float32)
    middle, found = WINDOW + (WINDOW - SIDE) // 2, labels[chosen].copy()
    for i, each in enumerate(chosen):
        row, column = random.integers(-2, 3, 2)
        if random.random() < 0.4:  # a part, or nothing
            found[i] = EMPTY
            row, column = random.choice([-1, 1], 2) * random.integers(5, 14, 2)
            row, column = (row, column) if random.random() < 0.5 else (0, column)
        canvas[i, middle + row : middle + row + SIDE, middle + column : middle + column + SIDE] = pixels[each].reshape(SIDE, SIDE)
    return torch.from_numpy(canvas[:, None, WINDOW : 2 * WINDOW, WINDOW : 2 * WINDOW].copy()), torch.from_numpy(found)


def trained() -> nn.Sequential:
    """A classifier after `STEPS` steps."""
    network, random = classifier(), np.random.default_rng(0)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(STEPS):
        images, labels = windows(BATCH, random, "train")
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()
    return network.eval()


def picture() -> Float[Tensor, "1 1 h w"]:
    """Digits of the test split at `PLACES`."""
    pixels, labels, splits = load_digits_by_split()
    image = torch.zeros(1, 1, *PICTURE)
    for digit, (row, column) in zip(DIGITS, PLACES, strict=True):
        number = np.flatnonzero((labels == digit) & (splits == SPLITS.index("test")))[0]
        image[0, 0, row : row + SIDE, column : column + SIDE] = torch.from_numpy(pixels[number].reshape(SIDE, SIDE))
    return image


def heat_map() -> Figure:
    """One pass of the network over the picture, beside the same from a window at every second pixel."""
    network, image = trained(), picture()
    with torch.no_grad():
        heat = fully_convolutional(network, (WINDOW, WINDOW))(image).softmax(1)[0]
        slid = sliding_window(network, image, (WINDOW, WINDOW), 2).softmax(1)[0]
    error = f"{float((heat - slid).abs().max()):.0e}"
    title = f"A classifier of 12×12 windows in one pass over a picture; window by window it says the same, to {error}"
    figure, frames = axes_grid(4, 2.8, (1.6, 1.6), title)
    shown = {"picture": image[0, 0], 'no "none": 1 - p(none)': 1 - heat[EMPTY]}
    shown |= {f"p({digit})": heat[digit] for digit in DIGITS}
    for frame, (name, values) in zip(frames.flat, shown.items(), strict=True):
        frame.imshow(values.numpy(), cmap="gray_r" if name == "picture" else "inferno", vmin=0, vmax=1)
        frame.set_title(name, fontsize=9)
        frame.axis("off")
    return figure
