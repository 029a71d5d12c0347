"""Logs answers to validation questions."""

from collections.abc import Sequence

from lightning.pytorch import Trainer
from torch import Tensor

from ablate.callback.log import log_figure, log_text
from ablate.callback.validation_samples import ValidationSamples
from ablate.data.batch import QuestionBatch
from ablate.data.text.tokeniser import Tokeniser
from ablate.figure.answers import Answer, plot_answers
from ablate.task.question_answering import QuestionAnswering

SENTENCES = 5  # the last ones of a story, which are shown


class Answers(ValidationSamples):
    """Logs the answers to the same questions after each validation; also answers.txt and, for pictures, answers.png.

    Args:
        folder: of the run; files go there.
        count: number of questions.
        class_names: the answers.
    """

    def __init__(self, folder: str, count: int, class_names: Sequence[str]) -> None:
        super().__init__(folder, count)
        self.class_names = class_names

    def log_samples(self, trainer: Trainer, task: QuestionAnswering, batch: QuestionBatch) -> None:
        tokeniser = task.tokenisers["source"]
        logits, weights = task.model(*task.inputs(batch))
        probability, guess = logits.float().softmax(1).max(1)
        questions = _texts(tokeniser, batch.question, batch.question_lengths)
        rows = zip(questions, guess.tolist(), probability.tolist(), batch.target.tolist(), strict=True)
        answers = [Answer(text, self.class_names[k], p, self.class_names[truth]) for text, k, p, truth in rows]
        titles = [f"question {i}" for i in batch.index.tolist()]
        if batch.story is not None:
            stories = zip(titles, _texts(tokeniser, batch.story, batch.story_lengths), batch.support, strict=True)
            titles = [f"{title}\n{story_lines(story, support)}" for title, story, support in stories]
        texts = "\n\n".join(f"{title}\n{answer}" for title, answer in zip(titles, answers, strict=True))
        log_text(texts, self.folder / "answers.txt", trainer, "val/texts")
        if batch.image is not None:
            grid = None if weights is None else tuple(task.model.reader.feature_map(batch.image).shape[2:])
            log_figure(plot_answers(batch.image, answers, weights, grid), self.folder / "answers.png", trainer, "val/answers")


def story_lines(story: str, support: Sequence[str]) -> str:
    """The last sentences of a story, and all that support the answer, one on each line."""
    sentences = [sentence.strip() for sentence in story.split(" .") if sentence.strip()]
    lines = ["…"] * (len(sentences) > SENTENCES) + sentences[-SENTENCES:]
    lines += [f"support: {sentence.removesuffix(' .')}" for sentence in support]
    return "\n".join(f"  {line}" for line in lines)


def _texts(tokeniser: Tokeniser, tokens: Tensor, lengths: Tensor) -> list[str]:
    rows = zip(tokens.tolist(), lengths.tolist(), strict=True)
    return [tokeniser.text(row[:length]) for row, length in rows]
