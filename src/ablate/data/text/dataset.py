"""Sequences of tokens: what the data sets of text have in common, and batches for teacher forcing."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ablate.data.batch import IGNORE
from ablate.data.sequence import SequenceDataset
from ablate.data.text.tokeniser import BEGIN, END, PAD, Tokeniser
from ablate.errors import BadInput


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
        self.lengths, self.cut = clip_lengths([len(text) + extra for text in texts], max_length)

    def __len__(self) -> int:
        return len(self.lengths)

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        return {"source": self.tokenisers["source"].fitted(self.texts)}

    def set_tokenisers(self, tokenisers: Mapping[str, Tokeniser]) -> None:
        super().set_tokenisers(tokenisers)
        encode = tokenisers["source"].vocabulary.encode
        self.tokens = [torch.tensor(encode(text[: self.max_length])) for text in self.texts]
        del self.texts  # strings take more memory than numbers


def split_texts(tokeniser: Tokeniser, texts: Sequence[str], locations: Sequence[str], kind: str = "text") -> list[list[str]]:
    """The tokens of each text; BadInput, with the location of the first one that has none, where `kind` of text is empty."""
    tokens = [tokeniser.split(text) for text in texts]
    if [] in tokens:
        raise BadInput(f"{locations[tokens.index([])]}: an empty {kind}")
    return tokens


def clip_lengths(lengths: Sequence[int], max_length: int | None) -> tuple[list[int], int]:
    """The smaller of each length and `max_length`, and how many lengths were greater."""
    if max_length is None:
        return list(lengths), 0
    return [min(length, max_length) for length in lengths], sum(length > max_length for length in lengths)


def teacher_forcing(sequences: Sequence[Int[Tensor, " _"]]) -> tuple[Int[Tensor, "b t"], Int[Tensor, "b t"]]:
    """The inputs, BEGIN and the tokens, and the targets, the tokens and END; padded with PAD and with IGNORE."""
    inputs = [torch.cat([torch.tensor([BEGIN]), tokens]) for tokens in sequences]
    targets = [torch.cat([tokens, torch.tensor([END])]) for tokens in sequences]
    return pad_sequence(inputs, True, PAD), pad_sequence(targets, True, IGNORE)


def pad_with_lengths(sequences: Sequence[Int[Tensor, " _"]]) -> tuple[Int[Tensor, "b s"], Int[Tensor, " b"]]:
    """The sequences padded with PAD to the longest, and their lengths."""
    return pad_sequence(list(sequences), True, PAD), torch.tensor([len(each) for each in sequences])
