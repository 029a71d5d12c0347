"""Texts with a class each, by characters or by words, from any reader."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from ablate.data.sequence import Sample
from ablate.data.split import read_split
from ablate.data.text.dataset import TextDataset
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput, did_you_mean


class Example(NamedTuple):
    """What a reader gives for each text; a plain (text, label) will do."""

    text: str
    label: str | int | None  # of data.class_names, or which of them
    place: str = ""  # file and line, for messages


class LabelledText(TextDataset):
    """One text, one class. Empty texts and unknown labels are refused; long texts lose their ends.

    Args:
        read: split -> examples in a fixed order; the one thing that a new data set has to bring.
        tokeniser: how texts become tokens; its vocabulary is counted on the training split.
        max_length: tokens that are kept of a text, the first ones; None: all.
        class_names: the labels, in the order of their numbers.

    Raises:
        BadInput: a text that is empty or has no known label, an empty split, a wrong option; or what the reader finds.
    """

    def __init__(
        self,
        split: str,
        *,
        read: Callable[[str], Sequence[tuple]],
        tokeniser: Tokeniser,
        max_length: int | None,
        class_names: Sequence[str],
    ) -> None:
        examples = [Example(*each) for each in read_split(read, split)]
        self.labels = [label_number(example, f"{split} text {i}", class_names) for i, example in enumerate(examples)]
        texts = [tokeniser.split(example.text) for example in examples]
        if [] in texts:
            first = texts.index([])
            raise BadInput(f"{examples[first].place or f'{split} text {first}'}: an empty text")
        super().__init__(tokeniser, texts, max_length)

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.tokens[index], torch.tensor(self.labels[index]), index)


def label_number(example: Example, name: str, class_names: Sequence[str]) -> int:
    """The index in `class_names` of an example's label; `name` is the example's in messages where it has no `place`."""
    label, place = example.label, example.place or f"{name} {example.text[:40]!r}"
    if label is None or label == "":
        raise BadInput(f"{place}: the label is missing")
    if isinstance(label, str):
        if label not in class_names:
            raise BadInput(f"{place}: the label {label!r} is not in `class_names`{did_you_mean(label, class_names)}")
        return list(class_names).index(label)
    if not 0 <= label < len(class_names):
        raise BadInput(f"{place}: the label {label} is outside 0 to {len(class_names) - 1}, as `class_names` has it")
    return int(label)
