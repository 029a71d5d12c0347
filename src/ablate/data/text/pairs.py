"""Texts that are to become other texts, from any reader."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Dataset

from ablate.data.batch import PairBatch
from ablate.data.split import SPLITS
from ablate.data.text.dataset import find_vocabulary, tokenise
from ablate.data.text.teacher_forcing import padded, shifted
from ablate.data.text.vocabulary import SPECIAL, Vocabulary
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


class TwoVocabularies(NamedTuple):
    """Of the source and of the target."""

    source: Vocabulary
    target: Vocabulary

    @property
    def tokens(self) -> list[str]:
        """All in one list, as checkpoints keep it: the source's, then the target's, each from <pad> on."""
        return [*self.source.tokens, *self.target.tokens]

    @classmethod
    def divide(cls, tokens: Sequence[str]) -> "TwoVocabularies":
        """`tokens` as they were joined."""
        starts = [i for i, token in enumerate(tokens) if token == SPECIAL[0]]
        if len(starts) != 2:
            raise BadInput(f"the vocabulary of pairs holds two, each from {SPECIAL[0]} on; this one holds {len(starts)}")
        return cls(Vocabulary(tokens[: starts[1]]), Vocabulary(tokens[starts[1] :]))


class TextPairs(Dataset):
    """Source and target text. Empty ones are refused; long ones lose their ends, in `references` they are whole.

    Args:
        read: split -> pairs in a fixed order; the one thing that a new data set has to bring.
        unit: characters (any Unicode, in normal form C) or words, between white space.
        lower: capitals become small letters.
        reverse: the network reads the source from its end.
        max_length: tokens that are kept of a source and of a target; null: all.
        min_count: a token that the training split has more rarely on its side is unknown.
        max_vocabulary: at most so many tokens a side, with the four special ones; null: all.
        vocabulary: the tokens of a trained network, used as they are; null: counted on the training split.

    Attributes:
        lengths: of the sources, by which batches are made.
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
        vocabulary: Sequence[str] | None = None,
    ) -> None:
        self.split, self.unit, self.lower, self.reverse = check_choice("split", split, SPLITS), unit, lower, reverse
        sources, targets = self._tokens(read, split)
        if vocabulary is None:
            train = (sources, targets) if split == "train" else self._tokens(read, "train")
            self.vocabulary = TwoVocabularies(*(find_vocabulary(None, lambda: side, max_vocabulary, min_count) for side in train))
        else:
            self.vocabulary = TwoVocabularies.divide(vocabulary)
        most = None if max_length is None else check_positive("max_length", max_length)
        self.cut = sum(most is not None and max(len(s), len(t)) > most for s, t in zip(sources, targets, strict=True))
        self.whole = targets
        self.sources = [torch.tensor(self.vocabulary.source.encode(s[:most][:: -1 if reverse else 1])) for s in sources]
        self.targets = [torch.tensor(self.vocabulary.target.encode(t[:most])) for t in targets]
        self.lengths = [len(source) for source in self.sources]

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> PairSample:
        return PairSample(self.sources[index], self.targets[index], index)

    def facts(self) -> dict[str, object]:
        return {"source_vocabulary_size": len(self.vocabulary.source), "vocabulary_size": len(self.vocabulary.target)}

    def references(self, index: int) -> list[str]:
        """The right target, its tokens as `text` joins them."""
        return [self.text(self.whole[index])]

    def text(self, tokens: Sequence[str]) -> str:
        """Characters side by side, words with a space between."""
        return ("" if self.unit == "characters" else " ").join(tokens)

    def collate(self, samples: list[PairSample]) -> PairBatch:
        source, lengths = padded([sample.source for sample in samples])
        index = torch.tensor([sample.index for sample in samples])
        return PairBatch(source, lengths, *shifted([sample.target for sample in samples]), index)

    def finish(self, batch: PairBatch) -> PairBatch:
        """Nothing is left to do on the device."""
        return batch

    def _tokens(self, read: Callable[[str], Sequence[tuple]], split: str) -> tuple[list[list[str]], list[list[str]]]:
        pairs = [Pair(*each) for each in read(split)]
        if not pairs:
            raise BadInput(f"the {split} split is empty")
        sides = [[tokenise(text, self.unit, self.lower) for text in side] for side in list(zip(*pairs, strict=True))[:2]]
        for i, pair in enumerate(pairs):
            for name, side in zip(("source", "target"), sides, strict=True):
                if not side[i]:
                    raise BadInput(f"{pair.place or f'{split} pair {i}'}: an empty {name}")
        return sides[0], sides[1]
