"""Texts that are to become other texts, from any reader."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import PairBatch
from ablate.data.dataset import WritingDataset
from ablate.data.split import Split
from ablate.data.text.dataset import clip_lengths, pad_with_lengths, split_texts, teacher_forcing
from ablate.data.text.tokeniser import Tokeniser
from ablate.schema.options import Steps, checked


class Pair(NamedTuple):
    """What a reader gives for each pair; a plain (source, target) will do."""

    source: str
    target: str
    location: str = ""  # file and line, for messages


class PairSample(NamedTuple):
    """One pair as numbers."""

    source: Int[Tensor, " s"]
    target: Int[Tensor, " t"]
    index: int


class TextPairs(WritingDataset):
    """Each sample is a source and a target text. Texts longer than `max_length` lose their ends; `references` keeps them whole.

    Args:
        read: split -> pairs in a fixed order; the one thing that a new data set has to bring.
        tokeniser: how texts of both sides become tokens; a vocabulary a side is counted on the training split.
        reverse: the network reads the source from its end.
        max_length: tokens that are kept of a source and of a target; null: all.

    Attributes:
        cut: how many pairs were longer than allowed.

    Raises:
        BadInput: a source or target that is empty, an empty split, a wrong option; or what the reader finds.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[tuple]],
        tokeniser: Tokeniser,
        reverse: bool,
        max_length: Steps | None,
    ) -> None:
        pairs = [Pair(*each) for each in self.taken(read, split)]
        self.tokenisers = {"source": tokeniser, "target": tokeniser}
        self.reverse, self.max_length = reverse, max_length
        locations = [pair.location or f"{split} pair {i}" for i, pair in enumerate(pairs)]
        sides = zip(self.tokenisers, zip(*pairs, strict=True), strict=False)
        self.texts = {side: split_texts(tokeniser, texts, locations, side) for side, texts in sides}
        sizes = [list(map(len, texts)) for texts in self.texts.values()]
        self.lengths, _ = clip_lengths(sizes[0], max_length)
        _, self.cut = clip_lengths(list(map(max, *sizes)), max_length)

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        return {side: tokeniser.fitted(self.texts[side]) for side, tokeniser in self.tokenisers.items()}

    def set_tokenisers(self, tokenisers: Mapping[str, Tokeniser]) -> None:
        super().set_tokenisers(tokenisers)
        encode, encode_target = (tokenisers[side].vocabulary.encode for side in ("source", "target"))
        most, step = self.max_length, -1 if self.reverse else 1
        self.sources = [torch.tensor(encode(text[:most][::step])) for text in self.texts["source"]]
        self.targets = [torch.tensor(encode_target(text[:most])) for text in self.texts["target"]]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> PairSample:
        return PairSample(self.sources[index], self.targets[index], index)

    def references(self, index: int) -> list[str]:
        """The target text, not shortened."""
        return [self.tokenisers["target"].join(self.texts["target"][index])]

    def collate(self, samples: list[PairSample]) -> PairBatch:
        source, lengths = pad_with_lengths([sample.source for sample in samples])
        index = torch.tensor([sample.index for sample in samples])
        return PairBatch(source, lengths, *teacher_forcing([sample.target for sample in samples]), index)
