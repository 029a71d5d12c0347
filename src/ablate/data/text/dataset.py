"""Sequences of tokens: what the data sets of text have in common."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.sequence import SequenceDataset
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import check_positive


class TextDataset(SequenceDataset):
    """One split of texts with one tokeniser. A subclass makes samples of `tokens`.

    Args:
        tokeniser: not yet fitted.
        texts: the tokens of each text.
        max_length: steps that are kept of each sample, the first ones; None: all.
        extra: steps that a sample has beside its tokens.

    Attributes:
        tokens: the numbers of each text's tokens, once the tokenisers are set.
    """

    tokens: list[Int[Tensor, " t"]]

    def __init__(self, tokeniser: Tokeniser, texts: Sequence[Sequence[str]], max_length: int | None, extra: int = 0) -> None:
        self.tokenisers = {"source": tokeniser}
        self.texts, self.max_length = texts, max_length
        self.lengths, self.cut = limited([len(text) + extra for text in texts], max_length)

    def __len__(self) -> int:
        return len(self.lengths)

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        return {"source": self.tokenisers["source"].fitted(self.texts)}

    def set_tokenisers(self, tokenisers: Mapping[str, Tokeniser]) -> None:
        super().set_tokenisers(tokenisers)
        encode = tokenisers["source"].vocabulary.encode
        self.tokens = [torch.tensor(encode(text[: self.max_length])) for text in self.texts]
        del self.texts  # strings take more memory than numbers

    def facts(self) -> dict[str, int]:
        return {"vocabulary_size": len(self.tokenisers["source"])}


def limited(lengths: Sequence[int], max_length: int | None) -> tuple[list[int], int]:
    """Each length or `max_length`, whichever is less, and how many were greater."""
    if max_length is None:
        return list(lengths), 0
    most = check_positive("max_length", max_length)
    return [min(length, most) for length in lengths], sum(length > most for length in lengths)
