"""Texts that are to become other texts, from any reader."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import PairBatch
from ablate.data.dataset import WritingDataset
from ablate.data.split import SPLITS
from ablate.data.text.teacher_forcing import padded, shifted
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput, check_choice, check_positive


class Pair(NamedTuple):
    """What a reader gives for each pair; a plain (source, target) will do."""

    source: str
    target: str
    place: str = ""  # file and line, for messages


class PairSample(NamedTuple):
    """One pair as numbers."""

    source: Int[Tensor, " s"]
    target: Int[Tensor, " t"]
    index: int


class TextPairs(WritingDataset):
    """Source and target text. Empty ones are refused; long ones lose their ends, in `references` they are whole.

    Args:
        read: split -> pairs in a fixed order; the one thing that a new data set has to bring.
        unit: characters (any Unicode, in normal form C) or words, between white space.
        lower: capitals become small letters.
        reverse: the network reads the source from its end.
        max_length: tokens that are kept of a source and of a target; null: all.
        min_count: a token that the training split has more rarely on its side is unknown.
        max_vocabulary: at most so many tokens a side, with the four special ones; null: all.
        tokenisers: those of a trained network; None: the vocabulary is counted on the training split.

    Attributes:
        cut: how many pairs were longer than allowed.

    Raises:
        BadInput: a source or target that is empty, an empty split, a wrong option; or what the reader finds.
    """

    def __init__(
        self,
        split: str,
        *,
        read: Callable[[str], Sequence[tuple]],
        unit: str,
        lower: bool,
        reverse: bool,
        max_length: int | None,
        min_count: int,
        max_vocabulary: int | None,
        tokenisers: Mapping[str, Tokeniser] | None = None,
    ) -> None:
        self.split, self.reverse = check_choice("split", split, SPLITS), reverse
        tokeniser = Tokeniser(unit, lower)
        sources, targets = _tokens(read, split, tokeniser)
        if tokenisers is None:
            train = (sources, targets) if split == "train" else _tokens(read, "train", tokeniser)
            fitted = [tokeniser.fitted(side, max_vocabulary, min_count) for side in train]
            tokenisers = dict(zip(("source", "target"), fitted, strict=True))
        self.tokenisers = tokenisers
        encode, encode_target = (tokenisers[side].vocabulary.encode for side in ("source", "target"))
        most = None if max_length is None else check_positive("max_length", max_length)
        self.cut = sum(most is not None and max(len(s), len(t)) > most for s, t in zip(sources, targets, strict=True))
        self.whole = targets
        self.sources = [torch.tensor(encode(s[:most][:: -1 if reverse else 1])) for s in sources]
        self.targets = [torch.tensor(encode_target(t[:most])) for t in targets]
        self.lengths = [len(source) for source in self.sources]

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> PairSample:
        return PairSample(self.sources[index], self.targets[index], index)

    def facts(self) -> dict[str, int]:
        return {"source_vocabulary_size": len(self.tokenisers["source"]), "vocabulary_size": len(self.tokenisers["target"])}

    def references(self, index: int) -> list[str]:
        """The right target, whole."""
        return [self.tokenisers["target"].join(self.whole[index])]

    def collate(self, samples: list[PairSample]) -> PairBatch:
        source, lengths = padded([sample.source for sample in samples])
        index = torch.tensor([sample.index for sample in samples])
        return PairBatch(source, lengths, *shifted([sample.target for sample in samples]), index)


def _tokens(read: Callable[[str], Sequence[tuple]], split: str, tokeniser: Tokeniser) -> tuple[list[list[str]], list[list[str]]]:
    pairs = [Pair(*each) for each in read(split)]
    if not pairs:
        raise BadInput(f"the {split} split is empty")
    sources, targets = ([tokeniser.split(text) for text in side] for side in list(zip(*pairs, strict=True))[:2])
    for name, side in (("source", sources), ("target", targets)):
        if [] in side:
            number = side.index([])
            raise BadInput(f"{pairs[number].place or f'{split} pair {number}'}: an empty {name}")
    return sources, targets
