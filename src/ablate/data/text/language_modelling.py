"""Language modelling: of many short texts, each by itself, or of one long text, piece after piece."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

import torch

from ablate.data.sequence import Sample
from ablate.data.split import SPLITS, Split, read_split
from ablate.data.text.dataset import TextDataset, split_texts
from ablate.data.text.tokeniser import BEGIN, END, Tokeniser
from ablate.errors import BadInput
from ablate.schema.options import Steps, checked

SHARES = (0.9, 0.05, 0.05)


class TextLines(TextDataset):
    """The input of a sample is BEGIN and the tokens of a text, its target the tokens and END. A text that is cut has no END.

    Args:
        read: split -> (text, …) in a fixed order, such as a reader of labelled texts.
        tokeniser: how texts become tokens; its vocabulary is counted on the training split.
        max_length: steps, BEGIN included; None: all.

    Raises:
        BadInput: an empty text, an empty split, a wrong option; or what the reader finds.
    """

    @checked
    def __init__(
        self, split: Split, *, read: Callable[[Split], Sequence[tuple]], tokeniser: Tokeniser, max_length: Steps | None
    ) -> None:
        texts = [text for text, *_ in read_split(read, split)]
        locations = [f"{split} text {i}" for i in range(len(texts))]
        super().__init__(tokeniser, split_texts(tokeniser, texts, locations), max_length, extra=1)

    def __getitem__(self, index: int) -> Sample:
        whole = torch.cat([torch.tensor([BEGIN]), self.tokens[index], torch.tensor([END])])
        length = self.lengths[index]
        return Sample(whole[:length], whole[1 : length + 1], index)


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

    @checked
    def __init__(self, split: Split, *, read: Callable[[], str], tokeniser: Tokeniser, length: Steps) -> None:
        self.length = length
        tokens = tokeniser.split(read())
        ends = [round(len(tokens) * share) for share in accumulate(SHARES)]
        parts = {name: tokens[start:end] for name, start, end in zip(SPLITS, [0, *ends], ends, strict=False)}
        for name, part in parts.items():
            if len(part) < 2:
                raise BadInput(f"the text is too short: {len(part)} of its {tokeniser.unit} for the {name} split, not 2 or more")
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
