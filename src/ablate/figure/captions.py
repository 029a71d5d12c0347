"""Pictures with their captions."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from ablate.figure.colours import CORRECT, GREY, INCORRECT, UNJUDGED
from ablate.figure.tiles import Line, Tile, captioned

MOST_REFERENCES = 5
COLOURS = {"true": CORRECT, "false": INCORRECT, "not of the language": GREY, None: UNJUDGED}


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


def verdict(statements: Sequence[bool] | None) -> str:
    """The verdict on a caption from the truth of its statements; None: it is no sentence of the captions' language."""
    return "not of the language" if statements is None else "true" if all(statements) else "false"


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
