"""Texts with a class each, by characters or by words, from any reader."""

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import torch

from ablate.data.sequence import Sample
from ablate.data.split import Split, read_split
from ablate.data.text.dataset import TextDataset, split_texts
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput, did_you_mean
from ablate.schema.options import SOME, Steps, checked


class Example(NamedTuple):
    """What a reader gives for each text; a plain (text, label) will do."""

    text: str
    label: str | int | None  # a class name, or its number
    location: str = ""  # file and line, for messages


class LabelledText(TextDataset):
    """Each sample is a text with its class. Texts longer than `max_length` lose their ends.

    Args:
        read: split -> examples in a fixed order; the one thing that a new data set has to bring.
        tokeniser: how texts become tokens; its vocabulary is counted on the training split.
        max_length: tokens that are kept of a text, the first ones; None: all.
        class_names: the labels, in the order of their numbers.

    Raises:
        BadInput: a text that is empty or has no known label, an empty split, a wrong option; or what the reader finds.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[tuple]],
        tokeniser: Tokeniser,
        max_length: Steps | None,
        class_names: Annotated[Sequence[str], SOME],
    ) -> None:
        examples = [Example(*each) for each in read_split(read, split)]
        locations = [each.location or f"{split} text {i} {each.text[:40]!r}" for i, each in enumerate(examples)]
        self.labels = [class_index(each.label, class_names, at) for each, at in zip(examples, locations, strict=True)]
        super().__init__(tokeniser, split_texts(tokeniser, [each.text for each in examples], locations), max_length)

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.tokens[index], torch.tensor(self.labels[index]), index)


def class_index(label: str | int | None, class_names: Sequence[str], location: str) -> int:
    """The index of a label in `class_names`; BadInput, which names the location, where it has none."""
    if label is None or label == "":
        raise BadInput(f"{location}: the label is missing")
    if isinstance(label, str):
        if label not in class_names:
            raise BadInput(f"{location}: the label {label!r} is not in `class_names`{did_you_mean(label, class_names)}")
        return list(class_names).index(label)
    if not 0 <= label < len(class_names):
        raise BadInput(f"{location}: the label {label} is outside 0 to {len(class_names) - 1}, as `class_names` has it")
    return int(label)
