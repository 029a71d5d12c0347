"""Texts with a class each, by characters or by words, from any reader."""

from collections.abc import Callable, Iterable, Sequence
from math import inf, isfinite
from typing import Annotated, Any, NamedTuple

import torch

from ablate.data.sequence import Sample
from ablate.data.split import SPLITS, Split
from ablate.data.text.dataset import TextDataset, split_texts
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput, did_you_mean
from ablate.schema.options import SOME, AboveZero, Steps, checked

FEW_CLASSES, MOST_CLASSES = 20, 1000


class Example(NamedTuple):
    """What a reader gives for each text; a plain (text, label) will do."""

    text: str
    label: str | int | None  # a class name, or its number
    location: str = ""  # file and line, for messages


class LabelledText(TextDataset):
    """Each sample is a text with its class, or with a number. Texts longer than `max_length` lose their ends.

    Args:
        read: split -> examples in a fixed order; the one thing that a new data set has to bring.
        tokeniser: how texts become tokens; its vocabulary is counted on the training split.
        max_length: tokens that are kept of a text, the first ones; None: all.
        class_names: the labels, in the order of their numbers; None: those that the splits have.
        numbers: labels are numbers, and no classes.
        unit: numbers are divided by it.

    Raises:
        BadInput: a text that is empty or has no known label, or no number; an empty split, a wrong option; what the reader finds.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[tuple]],
        tokeniser: Tokeniser,
        max_length: Steps | None,
        class_names: Annotated[Sequence[str], SOME] | None,
        numbers: bool = False,
        unit: AboveZero = 1.0,
    ) -> None:
        examples = [Example(*each) for each in self.taken(read, split)]
        locations = [each.location or f"{split} text {i} {each.text[:40]!r}" for i, each in enumerate(examples)]
        given = list(zip([each.label for each in examples], locations, strict=True))
        self.found: dict[str, Any] = {"num_classes": 1} if numbers else {}
        self.labels: list[float]
        if numbers:
            self.labels = [number(label, at) / unit for label, at in given]
        else:
            if class_names is None:
                class_names = find_classes([Example(*each).label for part in SPLITS for each in read(part)])
                self.found = {"class_names": class_names, "num_classes": len(class_names)}
            self.labels = [class_index(label, class_names, at) for label, at in given]
        super().__init__(tokeniser, split_texts(tokeniser, [each.text for each in examples], locations), max_length)

    def inferred_config(self) -> dict[str, Any]:
        return super().inferred_config() | self.found

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.tokens[index], torch.tensor(self.labels[index]), index)


def find_classes(labels: Iterable[str | int | None]) -> list[str]:
    """The different labels in the order of their numbers, or of the alphabet; BadInput where they are too many for classes."""
    found = [str(label) for label in labels if label not in (None, "")]
    names = sorted({*found}, key=lambda name: (int(name) if name.lstrip("-").isdecimal() else float("inf"), name))
    if len(names) > MOST_CLASSES or len(names) > max(FEW_CLASSES, len(found) / 2):
        hint = "name their column (`label`), or for numbers task=sequence_regression"
        raise BadInput(f"{len(names):,} different labels of {len(found):,}, as {names[0]!r}, are no classes: {hint}")
    return names


def number(label: str | int | None, location: str) -> float:
    """A label as a number; BadInput, which names the location, where it is none."""
    try:
        value = float(str(label))
    except ValueError:
        value = inf
    if not isfinite(value):
        raise BadInput(f"{location}: the label {label!r} is no number")
    return value


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
