"""Language modelling of one long text, piece after piece."""

from collections.abc import Callable, Mapping
from itertools import accumulate

import torch

from ablate.data.sequence import Sample
from ablate.data.split import SPLITS
from ablate.data.text.dataset import TextDataset, source_tokeniser
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput, check_choice, check_positive

SHARES = (0.9, 0.05, 0.05)


class TextStream(TextDataset):
    """Input: the next `length` tokens; target: those one further on. Sample i + 1 goes on where sample i ends.

    The first 90 % of the text are for training, the next 5 % val, the last 5 % the test. The last piece of a split is as
    long as is left.

    Args:
        read: -> the text.
        unit: characters (any Unicode, in normal form C) or words, between white space.
        lower: capitals become small letters.
        length: steps of a piece.
        min_count: a token that the training split has more rarely is unknown.
        max_vocabulary: at most so many tokens, with the four special ones; null: all.
        tokenisers: those of a trained network; None: the vocabulary is counted on the training split.

    Raises:
        BadInput: a text of which a split would be without two tokens, a wrong option; or what the reader finds.
    """

    stream = True

    def __init__(
        self,
        split: str,
        *,
        read: Callable[[], str],
        unit: str,
        lower: bool,
        length: int,
        min_count: int,
        max_vocabulary: int | None,
        tokenisers: Mapping[str, Tokeniser] | None = None,
    ) -> None:
        check_choice("split", split, SPLITS)
        self.length = check_positive("length", length)
        tokeniser = Tokeniser(unit, lower, complete=False)
        parts = stretches(tokeniser.split(read()))
        for name, tokens in parts.items():
            if len(tokens) < 2:
                raise BadInput(f"the text is too short: {len(tokens)} of its {unit} for the {name} split, not 2 or more")
        self.tokenisers = source_tokeniser(tokenisers, tokeniser, lambda: [parts["train"]], max_vocabulary, min_count)
        self.tokens = torch.tensor(self.tokenisers["source"].vocabulary.encode(parts[split]))
        starts = range(0, len(self.tokens) - 1, length)
        self.lengths = [min(length, len(self.tokens) - 1 - start) for start in starts]

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"piece {index} of {len(self)}")
        start, size = index * self.length, self.lengths[index]
        return Sample(self.tokens[start : start + size], self.tokens[start + 1 : start + size + 1], index)


def stretches(tokens: list[str]) -> dict[str, list[str]]:
    """The stretches of a text that the splits are."""
    ends = [round(len(tokens) * share) for share in accumulate(SHARES)]
    return {split: tokens[start:end] for split, start, end in zip(SPLITS, [0, *ends], ends, strict=False)}
