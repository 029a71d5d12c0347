"""What data sets of text have in common: a tokeniser and a greatest length."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ablate.data.sequence import SequenceDataset
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import check_positive


class TextDataset(SequenceDataset):
    """One split of a text; its tokeniser has the vocabulary of the training split, whichever split this is."""

    def __len__(self) -> int:
        return len(self.lengths)

    def facts(self) -> dict[str, int]:
        return {"vocabulary_size": len(self.tokenisers["source"])}

    def shorten(self, sequences: Iterable[Sequence], max_length: int | None) -> list[Sequence]:
        """The first `max_length` of each; sets `cut` and `lengths`."""
        kept, self.cut = list(sequences), 0
        if max_length is not None:
            check_positive("max_length", max_length)
            self.cut = sum(len(sequence) > max_length for sequence in kept)
            kept = [sequence[:max_length] for sequence in kept]
        self.lengths = [len(sequence) for sequence in kept]
        return kept


def source_tokeniser(
    given: Mapping[str, Tokeniser] | None,
    tokeniser: Tokeniser,
    train: Callable[[], Iterable[Iterable[str]]],
    size: int | None = None,
    least: int = 1,
) -> dict[str, Tokeniser]:
    """The `given` tokenisers of a trained network, or `tokeniser` with the vocabulary of the training split's tokens."""
    return dict(given) if given is not None else {"source": tokeniser.fitted(train(), size, least)}
