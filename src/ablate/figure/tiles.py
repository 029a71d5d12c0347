"""Tables of pictures, each over some lines of text: captions, or answers to questions."""

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from ablate.data.batch import Judgement
from ablate.figure.attention import LEAST_BAR, Box, largest_weight, overlay_attention, sheet_of, show_image, weight_bar
from ablate.figure.colours import BLACK, CORRECT, GREY, INCORRECT, UNJUDGED
from ablate.figure.labels import printable

ALONE, BESIDE = 2.9, 1.9  # inches of a picture's width
GAP, LINE, SIZE, BAR = 0.15, 0.17, 9, 0.85  # inches; points
MOST_REFERENCES = 5
COLOURS = {"true": CORRECT, "false": INCORRECT, "not of the language": GREY, None: UNJUDGED}


class Line(NamedTuple):
    """A text under a picture, wrapped into at most `most` lines; the rest is cut."""

    text: str
    colour: str = BLACK
    most: int = 2


class Tile(NamedTuple):
    """A picture, the texts under it, and the attention weights over it."""

    image: Float[Tensor, "3 h w"]  # in [0, 1]
    lines: Sequence[Line]
    weights: Float[Tensor, " s"] | None = None


def captioned(tiles: Sequence[Tile], grid: tuple[int, int] | None = None, columns: int = 3) -> Figure:
    """A table of tiles. If the tiles have attention weights, as all or none must, each picture has their map beside it.

    Args:
        grid: rows and columns of the maps.
    """
    attended = tiles[0].weights is not None
    columns, pictures = min(columns, len(tiles)), 1 + attended
    wide = BESIDE if attended else ALONE
    high, width = wide * min(1.5, tiles[0].image.shape[1] / tiles[0].image.shape[2]), pictures * wide + attended * GAP / 2
    letters = int(width * 72 / (0.64 * SIZE))
    wrapped = [_wrapped(tile.lines, letters) for tile in tiles]
    rows = [wrapped[i : i + columns] for i in range(0, len(tiles), columns)]
    heights = [high + LINE * (max(map(len, row)) + 1) for row in rows]
    right = GAP + columns * (width + GAP)
    figure = Figure(figsize=(right + attended * BAR, GAP + max(sum(heights), attended * (LEAST_BAR + GAP))))
    top = largest_weight([tile.weights for tile in tiles]) if attended else 1.0
    sheet = sheet_of(figure)
    for i, (tile, lines) in enumerate(zip(tiles, wrapped, strict=True)):
        box = Box(GAP + i % columns * (width + GAP), GAP + sum(heights[: i // columns]), wide, high)
        show_image(sheet, box, tile.image)
        if attended:
            beside = box._replace(left=box.left + wide + GAP / 2)
            overlay_attention(sheet, beside, tile.image, tile.weights, grid, top)
        for j, (text, colour) in enumerate(lines, 1):
            sheet.text(box.left, box.top + high + LINE * j, text, color=colour, size=SIZE, va="center", parse_math=False)
    if attended:
        weight_bar(figure, right, GAP, high, top, grid)
    return figure


def _wrapped(lines: Sequence[Line], letters: int) -> list[tuple[str, str]]:
    return [
        (part, line.colour)
        for line in lines
        for part in wrap(printable(line.text), letters, max_lines=line.most, placeholder=" …", subsequent_indent="  ")
    ]


class Caption(NamedTuple):
    """A generated caption, the probability that the network gives it, and the picture's reference captions."""

    text: str
    probability: float
    references: Sequence[str]
    verdict: str | None  # a key of COLOURS; None: nothing can judge captions of these pictures

    def remark(self) -> str:
        """The probability and the verdict."""
        return f"p = {self.probability:.2g}" + (f", {self.verdict}" if self.verdict else "")

    def __str__(self) -> str:
        references = "".join(f"\n  reference: {text}" for text in self.references)
        return f"  caption ({self.remark()}): {self.text}{references}"


def verdict(found: Judgement | None) -> str:
    """The verdict on a caption; None: it is no sentence of the captions' language."""
    return "not of the language" if found is None else "true" if all(found.statements) else "false"


def plot_captions(image: Float[Tensor, "b 3 h w"], captions: Sequence[Caption]) -> Figure:
    """Each picture over its caption in the colour of the verdict, and over its references in grey."""
    return captioned([
        Tile(picture, [
            Line(caption.text, COLOURS[caption.verdict], 4),
            Line(caption.remark(), COLOURS[caption.verdict]),
            *(Line(text, GREY) for text in caption.references[:MOST_REFERENCES]),
        ])
        for picture, caption in zip(image, captions, strict=True)
    ])  # fmt: skip


class Answer(NamedTuple):
    """A question, the network's answer with its probability, and the true answer."""

    question: str
    answer: str
    probability: float
    truth: str

    def remark(self) -> str:
        """Whether the answer is right, and its probability."""
        return f"{'right' if self.answer == self.truth else 'wrong'}, p = {self.probability:.2g}"

    def __str__(self) -> str:
        return f"  question: {self.question}\n  answer ({self.remark()}): {self.answer}\n  truth: {self.truth}"


def plot_answers(
    image: Float[Tensor, "b 3 h w"],
    answers: Sequence[Answer],
    weights: Float[Tensor, "b s"] | None = None,
    grid: tuple[int, int] | None = None,
) -> Figure:
    """Each picture, with the map of its attention beside it if there are weights, over question, answer and truth.

    Args:
        weights: attention over the positions of the picture's grid.
        grid: rows and columns of that grid.
    """
    maps = [None] * len(answers) if weights is None else weights
    return captioned([
        Tile(picture, [
            Line(each.question, most=3),
            Line(f"{each.answer} ({each.remark()})", CORRECT if each.answer == each.truth else INCORRECT),
            Line(f"truth: {each.truth}", GREY),
        ], weight)
        for picture, each, weight in zip(image, answers, maps, strict=True)
    ], grid)  # fmt: skip
