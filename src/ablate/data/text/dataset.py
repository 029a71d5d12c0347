"""What all data sets of text share: tokens, a vocabulary counted on the training split, a greatest length."""

from collections.abc import Callable, Iterable, Sequence
from unicodedata import normalize

from ablate.data.sequence import SequenceDataset
from ablate.data.text.vocabulary import Vocabulary
from ablate.errors import check_choice, check_positive

UNITS = ("characters", "words")


def tokenise(text: str, unit: str, lower: bool) -> list[str]:
    """Characters, or words that stand between white space; é is one character, however it is written."""
    text = normalize("NFC", text.lower() if lower else text)
    return list(text) if check_choice("unit", unit, UNITS) == "characters" else text.split()


class TextDataset(SequenceDataset):
    """One split of a text.

    Attributes:
        vocabulary: of the training split, whichever split this is.
        cut: how many sequences were longer than allowed and have lost their ends.
    """

    vocabulary: Vocabulary
    sizes: list[int]

    @property
    def lengths(self) -> list[int]:
        return self.sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def facts(self) -> dict[str, object]:
        return {"vocabulary_size": len(self.vocabulary)}

    def shorten(self, sequences: Iterable[Sequence], max_length: int | None) -> list[Sequence]:
        """The first `max_length` of each; sets `cut` and `sizes`."""
        kept, self.cut = list(sequences), 0
        if max_length is not None:
            check_positive("max_length", max_length)
            self.cut = sum(len(sequence) > max_length for sequence in kept)
            kept = [sequence[:max_length] for sequence in kept]
        self.sizes = [len(sequence) for sequence in kept]
        return kept


def find_vocabulary(
    given: Sequence[str] | None,
    train: Callable[[], Iterable[Iterable[str]]],
    size: int | None = None,
    least: int = 1,
) -> Vocabulary:
    """The given one as it is, or one counted on the training split's tokens, at most `size` that occur `least` times."""
    if given is not None:
        return Vocabulary(given)
    if size is not None:
        check_positive("max_vocabulary", size)
    return Vocabulary.count(train(), size, check_positive("min_count", least))
