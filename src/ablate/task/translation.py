"""Many to many, of another length: a text for each text."""

from ablate.data.batch import BatchKind, PairBatch
from ablate.model.text.memory import Memory
from ablate.model.text.reader import TextReader
from ablate.task.text_generation import TextGeneration


class Translation(TextGeneration):
    """A text in one language is read, a text in another is written; see `TextGeneration`."""

    learns_from = BatchKind.TEXT_PAIRS
    reader_class = TextReader

    def inputs(self, batch: PairBatch) -> tuple:
        return batch.source, batch.source_lengths, batch.input

    def read(self, batch: PairBatch) -> Memory:
        return self.model.reader(batch.source, batch.source_lengths)
