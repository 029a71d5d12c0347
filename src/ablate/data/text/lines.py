"""Language modelling of many short texts, each by itself."""

from collections.abc import Callable, Mapping, Sequence

import torch

from ablate.data.sequence import Sample
from ablate.data.split import SPLITS
from ablate.data.text.dataset import TextDataset, source_tokeniser
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import BEGIN, END
from ablate.errors import BadInput, check_choice


class TextLines(TextDataset):
    """Input BEGIN and the tokens of a text, target the tokens and END. A text that is too long has no END.

    Args:
        read: split -> (text, …) in a fixed order, such as a reader of labelled texts.
        unit: characters (any Unicode, in normal form C) or words, between white space.
        lower: capitals become small letters.
        max_length: steps, BEGIN included; null: all.
        min_count: a token that the training split has more rarely is unknown.
        max_vocabulary: at most so many tokens, with the four special ones; null: all.
        tokenisers: those of a trained network; None: the vocabulary is counted on the training split.

    Raises:
        BadInput: an empty text, an empty split, a wrong option; or what the reader finds.
    """

    def __init__(
        self,
        split: str,
        *,
        read: Callable[[str], Sequence[tuple]],
        unit: str,
        lower: bool,
        max_length: int | None,
        min_count: int,
        max_vocabulary: int | None,
        tokenisers: Mapping[str, Tokeniser] | None = None,
    ) -> None:
        tokeniser = Tokeniser(unit, lower)
        texts = [tokeniser.split(text) for text, *_ in read(check_choice("split", split, SPLITS))]
        if not all(texts) or not texts:
            raise BadInput(f"{split} text {texts.index([])} is empty" if texts else f"the {split} split is empty")

        def of_training() -> list[list[str]]:
            return texts if split == "train" else [tokeniser.split(text) for text, *_ in read("train")]

        self.tokenisers = source_tokeniser(tokenisers, tokeniser, of_training, max_vocabulary, min_count)
        encode = self.tokenisers["source"].vocabulary.encode
        whole = [[BEGIN, *encode(tokens), END] for tokens in texts]
        self.inputs = [torch.tensor(each) for each in self.shorten([each[:-1] for each in whole], max_length)]
        self.targets = [torch.tensor(each[1 : 1 + size]) for each, size in zip(whole, self.lengths, strict=True)]

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.inputs[index], self.targets[index], index)
