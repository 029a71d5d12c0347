"""The same questions each time, with what is answered, what would be right, and where the network looks in a picture."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Float
from lightning.pytorch import Trainer
from matplotlib.figure import Figure
from torch import Tensor

from ablate.callback.held_out import HeldOut
from ablate.callback.show import show, show_text
from ablate.data.batch import QuestionBatch
from ablate.data.text.tokeniser import Tokeniser
from ablate.figure.colours import CORRECT, GREY, INCORRECT
from ablate.figure.tiles import Line, Tile, captioned
from ablate.task.question_answering import QuestionAnswering

SENTENCES = 5  # of a story, its last ones


class Answer(NamedTuple):
    """A question with what is answered, how surely, and what would be right."""

    question: str
    answer: str
    probability: float
    truth: str

    def remark(self) -> str:
        """Whether it is right, and its probability."""
        return f"{'right' if self.answer == self.truth else 'wrong'}, p = {self.probability:.2g}"

    def told(self) -> str:
        """As text."""
        return f"  asked: {self.question}\n  answered ({self.remark()}): {self.answer}\n  truth: {self.truth}"


def draw_answers(
    image: Float[Tensor, "b 3 h w"],
    answers: Sequence[Answer],
    weights: Float[Tensor, "b s"] | None = None,
    grid: tuple[int, int] | None = None,
) -> Figure:
    """Each picture, beside it the map of its attention, if any, over question, answer and truth."""
    maps = [None] * len(answers) if weights is None else weights
    return captioned([
        Tile(picture, [
            Line(each.question, most=3),
            Line(f"{each.answer} ({each.remark()})", CORRECT if each.answer == each.truth else INCORRECT),
            Line(f"truth: {each.truth}", GREY),
        ], weight)
        for picture, each, weight in zip(image, answers, maps, strict=True)
    ], grid)  # fmt: skip


class Answers(HeldOut):
    """After each validation, into TensorBoard and answers.txt; of pictures, also answers.png.

    Args:
        folder: where the files go.
        count: how many questions.
        class_names: the answers.
    """

    def __init__(self, folder: str, count: int, class_names: Sequence[str]) -> None:
        super().__init__(folder, count)
        self.class_names = class_names

    def draw(self, trainer: Trainer, task: QuestionAnswering, batch: QuestionBatch) -> None:
        tokeniser, step = task.tokenisers["source"], trainer.global_step
        logits, weights = task.model(*task.inputs(batch))
        probability, guess = logits.float().softmax(1).max(1)
        questions = _texts(tokeniser, batch.question, batch.question_lengths)
        given = zip(questions, guess.tolist(), probability.tolist(), batch.target.tolist(), strict=True)
        answers = [Answer(text, self.class_names[k], p, self.class_names[right]) for text, k, p, right in given]
        told = [f"question {i}" for i in batch.index.tolist()]
        if batch.story is not None:
            stories = zip(told, _texts(tokeniser, batch.story, batch.story_lengths), batch.support, strict=True)
            told = [f"{title}\n{tell(story, support)}" for title, story, support in stories]
        texts = "\n\n".join(f"{before}\n{each.told()}" for before, each in zip(told, answers, strict=True))
        show_text(texts, self.folder / "answers.txt", trainer, "val/texts", step)
        if batch.image is not None:
            grid = None if weights is None else tuple(task.model.reader.feature_map(batch.image).shape[2:])
            show(draw_answers(batch.image, answers, weights, grid), self.folder / "answers.png", trainer, "val/answers", step)


def tell(story: str, supporting: Sequence[str]) -> str:
    """The last sentences of a story, and those that the answer follows from, wherever they are."""
    sentences = [sentence.strip() for sentence in story.split(" .") if sentence.strip()]
    lines = ["…"] * (len(sentences) > SENTENCES) + sentences[-SENTENCES:]
    lines += [f"support: {sentence.removesuffix(' .')}" for sentence in supporting]
    return "\n".join(f"  {line}" for line in lines)


def _texts(tokeniser: Tokeniser, tokens: Tensor, lengths: Tensor) -> list[str]:
    rows = zip(tokens.tolist(), lengths.tolist(), strict=True)
    return [tokeniser.text(row[:length]) for row, length in rows]
