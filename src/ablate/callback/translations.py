"""Logs translations of validation texts, and their attention."""

from lightning.pytorch import Trainer

from ablate.callback.log import log_figure, log_text
from ablate.callback.validation_samples import ValidationSamples
from ablate.data.batch import PairBatch
from ablate.figure.attention import Matrix, attention_matrices
from ablate.metric.text.overlap import SacreBleu
from ablate.task.translation import Translation

MATRICES = 2  # texts whose attention is shown


class Translations(ValidationSamples):
    """Logs translations of the same texts after each validation; also translations.txt and, with attention, attention.png.

    Sources are shown in the network's tokens. The text begins with the signature of sacreBLEU, if that is among the scores.

    Args:
        folder: of the run; files go there.
        count: number of texts.
    """

    def log_samples(self, trainer: Trainer, task: Translation, batch: PairBatch) -> None:
        found, source_side, target_side = task.write(task.read(batch)), task.tokenisers["source"], task.tokenisers["target"]
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
            targets = [target_side.decode_with_end(row) for row in found.tokens[:MATRICES].tolist()]
            matrices = [
                Matrix(source, target, weights[: len(target), : len(source)])
                for source, target, weights in zip(sources, targets, found.weights)
            ]
            log_figure(attention_matrices(matrices), self.folder / "attention.png", trainer, "val/attention")
