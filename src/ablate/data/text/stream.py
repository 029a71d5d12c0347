"""Language modelling of one long text, piece after piece."""

from collections.abc import Callable, Mapping
from itertools import accumulate

from ablate.data.sequence import Sample
from ablate.data.split import SPLITS
from ablate.data.text.dataset import TextDataset
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput, check_choice, check_positive

SHARES = (0.9, 0.05, 0.05)


class TextStream(TextDataset):
    """Input: the next `length` tokens; target: those one further on. Sample i + 1 goes on where sample i ends.

    The first 90 % of the text are for training, the next 5 % val, the last 5 % the test. The last piece of a split is as
    long as is left.

    Args:
        read: -> the text.
        tokeniser: how the text becomes tokens; its vocabulary is counted on the training split.
        length: steps of a piece.

    Raises:
        BadInput: a text of which a split would be without two tokens, a wrong option; or what the reader finds.
    """

    stream = True

    def __init__(self, split: str, *, read: Callable[[], str], tokeniser: Tokeniser, length: int) -> None:
        check_choice("split", split, SPLITS)
        self.length = check_positive("length", length)
        parts = split_text(tokeniser.split(read()))
        for name, tokens in parts.items():
            if len(tokens) < 2:
                raise BadInput(f"the text is too short: {len(tokens)} of its {tokeniser.unit} for the {name} split, not 2 or more")
        super().__init__(tokeniser, [parts[split]], None)
        steps = len(parts[split]) - 1
        self.lengths = [min(length, steps - start) for start in range(0, steps, length)]

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        return {"source": self.tokenisers["source"].fitted(self.texts, complete=False)}

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"piece {index} of {len(self)}")
        start, size = index * self.length, self.lengths[index]
        return Sample(self.tokens[0][start : start + size], self.tokens[0][start + 1 : start + size + 1], index)


def split_text(tokens: list[str]) -> dict[str, list[str]]:
    """Split -> its stretch of the text."""
    ends = [round(len(tokens) * share) for share in accumulate(SHARES)]
    return {split: tokens[start:end] for split, start, end in zip(SPLITS, [0, *ends], ends, strict=False)}
