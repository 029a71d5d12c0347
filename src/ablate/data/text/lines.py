"""Language modelling of many short texts, each by itself."""

from collections.abc import Callable, Sequence

import torch

from ablate.data.sequence import Sample
from ablate.data.split import read_split
from ablate.data.text.dataset import TextDataset
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import BEGIN, END
from ablate.errors import BadInput


class TextLines(TextDataset):
    """Input BEGIN and the tokens of a text, target the tokens and END. A text that is too long has no END.

    Args:
        read: split -> (text, …) in a fixed order, such as a reader of labelled texts.
        tokeniser: how texts become tokens; its vocabulary is counted on the training split.
        max_length: steps, BEGIN included; None: all.

    Raises:
        BadInput: an empty text, an empty split, a wrong option; or what the reader finds.
    """

    def __init__(self, split: str, *, read: Callable[[str], Sequence[tuple]], tokeniser: Tokeniser, max_length: int | None) -> None:
        texts = [tokeniser.split(text) for text, *_ in read_split(read, split)]
        if [] in texts:
            raise BadInput(f"{split} text {texts.index([])} is empty")
        super().__init__(tokeniser, texts, max_length, extra=1)

    def __getitem__(self, index: int) -> Sample:
        whole = torch.cat([torch.tensor([BEGIN]), self.tokens[index], torch.tensor([END])])
        length = self.lengths[index]
        return Sample(whole[:length], whole[1 : length + 1], index)
