"""Logs texts of validation samples: captions, translations and answers with their attention; and what a language model writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor

from ablate.callback.log import ValidationSamples, log_figure, log_text
from ablate.data.batch import CaptionBatch, PairBatch, QuestionBatch
from ablate.data.text.tokeniser import Tokeniser
from ablate.figure.attention import Matrix, Strip, attention_matrices, attention_strips
from ablate.figure.tiles import Answer, Caption, plot_answers, plot_captions, verdict
from ablate.metric.text.overlap import SacreBleu
from ablate.task.captioning import Captioning
from ablate.task.question_answering import QuestionAnswering
from ablate.task.text_generation import Translation

ATTENDED = 2  # captions and translations whose attention is shown
SENTENCES = 5  # the last ones of a story, which are shown


class Captions(ValidationSamples):
    """Logs captions of the same pictures after each validation; also captions.png, captions.txt and, with attention, attention.png.

    Args:
        folder: of the run; files go there.
        pictures: number of pictures.
    """

    def __init__(self, folder: str, pictures: int) -> None:
        super().__init__(folder, pictures)

    def log_samples(self, trainer: Trainer, task: Captioning, batch: CaptionBatch) -> None:
        found = task.write(task.encode(batch))
        (references, judges), probabilities = batch.truth, found.log_probability.exp().tolist()
        rows = zip(task.texts(found.tokens), probabilities, references, judges or [None] * len(references), strict=True)
        captions = [Caption(text, p, right, verdict(judge(text)) if judge else None) for text, p, right, judge in rows]
        log_figure(plot_captions(batch.image, captions), self.folder / "captions.png", trainer, "val/captions")
        texts = [f"picture {i}\n{caption}" for i, caption in zip(batch.index.tolist(), captions, strict=True)]
        log_text("\n\n".join(texts), self.folder / "captions.txt", trainer, "val/texts")
        if found.weights is not None:
            words = [task.tokenisers["target"].decode_with_end(row) for row in found.tokens[:ATTENDED].tolist()]
            strips = [Strip(image, each, weights[: len(each)]) for image, each, weights in zip(batch.image, words, found.weights)]
            figure = attention_strips(strips, tuple(task.model.encoder.feature_map(batch.image).shape[2:]))
            log_figure(figure, self.folder / "attention.png", trainer, "val/attention")


class Translations(ValidationSamples):
    """Logs translations of the same texts after each validation; also translations.txt and, with attention, attention.png.

    Sources are shown in the network's tokens. The text begins with the signature of sacreBLEU, if that is among the scores.

    Args:
        folder: of the run; files go there.
        count: number of texts.
    """

    def log_samples(self, trainer: Trainer, task: Translation, batch: PairBatch) -> None:
        found, source_side, target_side = task.write(task.encode(batch)), task.tokenisers["source"], task.tokenisers["target"]
        lengths = batch.source_lengths.tolist()
        sources = [source_side.decode(row[:length]) for row, length in zip(batch.source.tolist(), lengths, strict=True)]
        scores = task.metrics["val_"].items()
        parts = [f"{name}: {score.signature}" for name, score in scores if isinstance(score, SacreBleu)]
        probabilities = found.log_probability.exp().tolist()
        rows = zip(batch.index.tolist(), sources, task.texts(found.tokens), probabilities, batch.truth.references, strict=True)
        for i, source, text, probability, references in rows:
            lines = [f"text {i}", f"  source: {source_side.join(source)}", f"  translation (p = {probability:.2g}): {text}"]
            parts.append("\n".join(lines + [f"  reference: {each}" for each in references]))
        log_text("\n\n".join(parts), self.folder / "translations.txt", trainer, "val/texts")
        if found.weights is not None:
            targets = [target_side.decode_with_end(row) for row in found.tokens[:ATTENDED].tolist()]
            matrices = [
                Matrix(source, target, weights[: len(target), : len(source)])
                for source, target, weights in zip(sources, targets, found.weights)
            ]
            log_figure(attention_matrices(matrices), self.folder / "attention.png", trainer, "val/attention")


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
            grid = None if weights is None else tuple(task.model.encoder.feature_map(batch.image).shape[2:])
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


class Samples(Callback):
    """Samples texts after each validation, with the same random numbers each time, and logs them; also samples.txt.

    Args:
        folder: of the run; samples.txt goes there.
        count: number of texts; 0: nothing is logged.
        length: the largest number of tokens of a text.
        temperature, top_k, top_p: see `ablate.model.recurrent.generate.restrict`.
    """

    def __init__(
        self, folder: str, count: int, length: int, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
    ) -> None:
        self.path, self.count, self.length = Path(folder) / "samples.txt", count, length
        self.sampling: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p}

    @rank_zero_only
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or self.count < 1:
            return
        texts = pl_module.sample(self.count, self.length, seed=0, **self.sampling)
        log_text("\n\n".join(texts), self.path, trainer, "val/samples")
