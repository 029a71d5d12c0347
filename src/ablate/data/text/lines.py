"""Language modelling of many short texts, each by itself."""

from collections.abc import Callable, Sequence

import torch

from ablate.data.sequence import Sample
from ablate.data.split import read_split
from ablate.data.text.dataset import TextDataset, split_texts
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import BEGIN, END


class TextLines(TextDataset):
    """The input of a sample is BEGIN and the tokens of a text, its target the tokens and END. A text that is cut has no END.

    Args:
        read: split -> (text, …) in a fixed order, such as a reader of labelled texts.
        tokeniser: how texts become tokens; its vocabulary is counted on the training split.
        max_length: steps, BEGIN included; None: all.

    Raises:
        BadInput: an empty text, an empty split, a wrong option; or what the reader finds.
    """

    def __init__(self, split: str, *, read: Callable[[str], Sequence[tuple]], tokeniser: Tokeniser, max_length: int | None) -> None:
        texts = [text for text, *_ in read_split(read, split)]
        locations = [f"{split} text {i}" for i in range(len(texts))]
        super().__init__(tokeniser, split_texts(tokeniser, texts, locations), max_length, extra=1)

    def __getitem__(self, index: int) -> Sample:
        whole = torch.cat([torch.tensor([BEGIN]), self.tokens[index], torch.tensor([END])])
        length = self.lengths[index]
        return Sample(whole[:length], whole[1 : length + 1], index)
