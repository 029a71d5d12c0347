"""Texts with a class each, by characters or by words, from any reader."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch

from ablate.data.sequence import Sample
from ablate.data.split import SPLITS
from ablate.data.text.dataset import TextDataset, source_tokeniser
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput, check_choice, did_you_mean


class Example(NamedTuple):
    """What a reader gives for each text; a plain (text, label) will do."""

    text: str
    label: str | int | None  # of data.class_names, or which of them
    place: str = ""  # file and line, for messages


class LabelledText(TextDataset):
    """One text, one class. Empty texts and unknown labels are refused; long texts lose their ends.

    Args:
        read: split -> examples in a fixed order; the one thing that a new data set has to bring.
        unit: characters (any Unicode, in normal form C) or words, between white space.
        lower: capitals become small letters.
        max_length: tokens that are kept of a text, the first ones; null: all.
        min_count: a token that the training split has more rarely is unknown.
        max_vocabulary: at most so many tokens, with the four special ones; null: all.
        class_names: the labels, in the order of their numbers.
        tokenisers: those of a trained network; None: the vocabulary is counted on the training split.

    Raises:
        BadInput: a text that is empty or has no known label, an empty split, a wrong option; or what the reader finds.
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
        class_names: Sequence[str],
        tokenisers: Mapping[str, Tokeniser] | None = None,
    ) -> None:
        examples = [Example(*each) for each in read(check_choice("split", split, SPLITS))]
        if not examples:
            raise BadInput(f"the {split} split is empty")
        tokeniser = Tokeniser(unit, lower)
        texts = [tokeniser.split(example.text) for example in examples]
        self.labels = [label_number(example, f"{split} text {i}", class_names) for i, example in enumerate(examples)]
        for i, (tokens, example) in enumerate(zip(texts, examples, strict=True)):
            if not tokens:
                raise BadInput(f"{example.place or f'{split} text {i}'}: an empty text")

        def of_training() -> list[list[str]]:
            return texts if split == "train" else [tokeniser.split(text) for text, *_ in read("train")]

        self.tokenisers = source_tokeniser(tokenisers, tokeniser, of_training, max_vocabulary, min_count)
        encode = self.tokenisers["source"].vocabulary.encode
        self.inputs = [torch.tensor(encode(tokens)) for tokens in self.shorten(texts, max_length)]

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.inputs[index], torch.tensor(self.labels[index]), index)


def label_number(example: Example, name: str, class_names: Sequence[str]) -> int:
    """Which of `class_names` an example has."""
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
