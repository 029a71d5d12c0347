"""The same pictures each time, with what is written of them, and where the network looks as it writes."""

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from jaxtyping import Float
from lightning.pytorch import Trainer
from matplotlib.figure import Figure
from torch import Tensor

from ablate.callback.held_out import HeldOut
from ablate.callback.show import show, show_text
from ablate.data.batch import CaptionBatch
from ablate.figure.attention import Strip, attention_strips
from ablate.figure.colours import CORRECT, GREY, INCORRECT, UNJUDGED
from ablate.figure.tiles import Line, Tile, captioned
from ablate.task.captioning import Captioning

MOST_REFERENCES, STRIPS = 5, 2
COLOURS = {"true": CORRECT, "false": INCORRECT, "not of the language": GREY, None: UNJUDGED}


class Said(NamedTuple):
    """What is written of a picture, and what would have been right."""

    text: str
    probability: float
    references: Sequence[str]
    verdict: str | None  # a key of COLOURS; None where nobody can judge

    def remark(self) -> str:
        """Its probability, and whether it is true."""
        return f"p = {self.probability:.2g}" + (f", {self.verdict}" if self.verdict else "")

    def told(self) -> str:
        """As text."""
        references = "".join(f"\n  right: {text}" for text in self.references)
        return f"  written ({self.remark()}): {self.text}{references}"


def verdict(statements: list[bool] | None) -> str:
    """Of the truth of each statement of a caption, in words; None is no caption."""
    return "not of the language" if statements is None else "true" if all(statements) else "false"


def draw_captions(image: Float[Tensor, "b 3 h w"], said: Sequence[Said]) -> Figure:
    """Each picture over its caption, which is coloured by its truth, and over its references, in grey."""
    return captioned([
        Tile(picture, [
            Line(each.text, COLOURS[each.verdict], 4),
            Line(each.remark(), COLOURS[each.verdict]),
            *(Line(text, GREY) for text in each.references[:MOST_REFERENCES]),
        ])
        for picture, each in zip(image, said, strict=True)
    ])  # fmt: skip


class Captions(HeldOut):
    """After each validation, into TensorBoard and captions.png, captions.txt, with attention attention.png.

    Args:
        folder: where the files go.
        pictures: how many.
    """

    def __init__(self, folder: str, pictures: int) -> None:
        super().__init__(folder, pictures)

    def draw(self, trainer: Trainer, task: Captioning, batch: CaptionBatch) -> None:
        step, found, index = trainer.global_step, task.write(task.read(batch)), batch.index.tolist()
        references, judges = batch.truth
        said = [
            Said(text, exp(log_p), right, verdict(judge(text)) if judge else None)
            for text, log_p, right, judge in zip(
                task.texts(found.tokens), found.log_probability.tolist(), references, judges or [None] * len(index), strict=True
            )
        ]
        show(draw_captions(batch.image, said), self.folder / "captions.png", trainer, "val/captions", step)
        texts = "\n\n".join(f"picture {i}\n{each.told()}" for i, each in zip(index, said, strict=True))
        show_text(texts, self.folder / "captions.txt", trainer, "val/texts", step)
        if found.weights is not None:
            words = [task.tokenisers["target"].decode_with_end(row) for row in found.tokens[:STRIPS].tolist()]
            strips = [Strip(*each[:2], each[2][: len(each[1])]) for each in zip(batch.image, words, found.weights)]
            figure = attention_strips(strips, tuple(task.model.reader.feature_map(batch.image).shape[2:]))
            show(figure, self.folder / "attention.png", trainer, "val/attention", step)
