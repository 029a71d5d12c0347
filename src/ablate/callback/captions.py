"""Logs generated captions of validation pictures, and their attention."""

from lightning.pytorch import Trainer

from ablate.callback.log import log_figure, log_text
from ablate.callback.validation_samples import ValidationSamples
from ablate.data.batch import CaptionBatch
from ablate.figure.attention import Strip, attention_strips
from ablate.figure.captions import Caption, plot_captions, verdict
from ablate.task.captioning import Captioning

STRIPS = 2  # pictures whose attention is shown


class Captions(ValidationSamples):
    """Logs captions of the same pictures after each validation; also captions.png, captions.txt and, with attention, attention.png.

    Args:
        folder: of the run; files go there.
        pictures: number of pictures.
    """

    def __init__(self, folder: str, pictures: int) -> None:
        super().__init__(folder, pictures)

    def log_samples(self, trainer: Trainer, task: Captioning, batch: CaptionBatch) -> None:
        found = task.write(task.read(batch))
        (references, judges), probabilities = batch.truth, found.log_probability.exp().tolist()
        rows = zip(task.texts(found.tokens), probabilities, references, judges or [None] * len(references), strict=True)
        captions = [Caption(text, p, right, verdict(judge(text)) if judge else None) for text, p, right, judge in rows]
        log_figure(plot_captions(batch.image, captions), self.folder / "captions.png", trainer, "val/captions")
        texts = [f"picture {i}\n{caption}" for i, caption in zip(batch.index.tolist(), captions, strict=True)]
        log_text("\n\n".join(texts), self.folder / "captions.txt", trainer, "val/texts")
        if found.weights is not None:
            words = [task.tokenisers["target"].decode_with_end(row) for row in found.tokens[:STRIPS].tolist()]
            strips = [Strip(image, each, weights[: len(each)]) for image, each, weights in zip(batch.image, words, found.weights)]
            figure = attention_strips(strips, tuple(task.model.reader.feature_map(batch.image).shape[2:]))
            log_figure(figure, self.folder / "attention.png", trainer, "val/attention")
