"""The same texts each time, with what is written for them, and where the network looks as it writes."""

from math import exp

from lightning.pytorch import Trainer

from ablate.callback.held_out import HeldOut
from ablate.callback.show import show, show_text
from ablate.data.batch import PairBatch
from ablate.figure.attention import Matrix, attention_matrices
from ablate.task.translation import Translation

MATRICES = 2


class Translations(HeldOut):
    """After each validation, into TensorBoard and translations.txt, with attention attention.png.

    Sources are as the network reads them. Where a score has a signature, the text begins with it.

    Args:
        folder: where the files go.
        count: how many texts.
    """

    def draw(self, trainer: Trainer, task: Translation, batch: PairBatch) -> None:
        step, found = trainer.global_step, task.write(task.read(batch))
        reads, writes = task.tokenisers["source"], task.tokenisers["target"]
        rows = zip(batch.source.tolist(), batch.source_lengths.tolist(), strict=True)
        sources = [reads.decode(row[:length]) for row, length in rows]
        scores = task.metrics["val_"].items()
        parts = [f"{name}: {score.signature}" for name, score in scores if hasattr(score, "signature")]
        texts = zip(
            batch.index.tolist(),
            sources,
            task.texts(found.tokens),
            found.log_probability.tolist(),
            batch.truth.references,
            strict=True,
        )
        for i, source, text, log_p, references in texts:
            lines = [f"text {i}", f"  read: {reads.join(source)}", f"  written (p = {exp(log_p):.2g}): {text}"]
            parts.append("\n".join(lines + [f"  right: {each}" for each in references]))
        show_text("\n\n".join(parts), self.folder / "translations.txt", trainer, "val/texts", step)
        if found.weights is not None:
            written = [writes.decode_with_end(row) for row in found.tokens[:MATRICES].tolist()]
            matrices = [
                Matrix(source, target, weights[: len(target), : len(source)])
                for source, target, weights in zip(sources, written, found.weights)
            ]
            show(attention_matrices(matrices), self.folder / "attention.png", trainer, "val/attention", step)
