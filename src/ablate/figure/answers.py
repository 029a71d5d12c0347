"""Pictures with questions and answers."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from ablate.figure.colours import CORRECT, GREY, INCORRECT
from ablate.figure.tiles import Line, Tile, captioned


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
