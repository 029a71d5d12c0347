"""Sentences with a tag for each word, from any reader."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import torch

from ablate.data.sequence import Sample
from ablate.data.split import SPLITS, Split
from ablate.data.text.dataset import TextDataset
from ablate.data.text.labelled import class_index, find_classes
from ablate.data.text.tokeniser import Tokeniser
from ablate.schema.options import SOME, Steps, checked


class Word(NamedTuple):
    """A word of a sentence."""

    form: str
    tag: str | None
    location: str  # file and line, for messages


class TaggedText(TextDataset):
    """Each sample is a sentence with a tag for each word. Sentences longer than `max_length` lose their ends.

    Args:
        read: split -> sentences in a fixed order, each a list of words.
        tokeniser: how words are written; its vocabulary is counted on the training split.
        max_length: words that are kept of a sentence, the first ones; null: all.
        class_names: the tags, in the order of their numbers; None: those that the splits have.

    Raises:
        BadInput: an unknown tag, an empty split, a wrong option; or what the reader finds.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[Sequence[Word]]],
        tokeniser: Tokeniser,
        max_length: Steps | None,
        class_names: Annotated[Sequence[str], SOME] | None,
    ) -> None:
        sentences = self.taken(read, split)
        self.found: dict[str, Any] = {}
        if class_names is None:
            class_names = find_classes(word.tag for part in SPLITS for sentence in read(part) for word in sentence)
            self.found = {"class_names": class_names, "num_classes": len(class_names)}
        self.tags = [[class_index(word.tag, class_names, word.location) for word in sentence] for sentence in sentences]
        super().__init__(tokeniser, [[tokeniser.normalise(word.form) for word in sentence] for sentence in sentences], max_length)

    def inferred_config(self) -> dict[str, Any]:
        return super().inferred_config() | self.found

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.tokens[index], torch.tensor(self.tags[index][: self.lengths[index]]), index)
