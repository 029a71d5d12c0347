"""What all synthetic problems share."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from ablate.data.generated import GeneratedDataset
from ablate.data.sequence import Sample, SequenceDataset
from ablate.data.split import for_split
from ablate.errors import BadInput, check_positive, check_whole


@dataclass(kw_only=True, eq=False)
class Problem(GeneratedDataset, SequenceDataset):
    """One split of a problem whose sequences are generated; all have the same length.

    A subclass makes a sample from random numbers.

    Args:
        length: steps of a sample, or split -> steps.
        max_length: the largest length that the network takes.

    Raises:
        BadInput: what `GeneratedDataset` refuses; a length below `least_length` or above `max_length`.
    """

    length: int | Mapping[str, int]
    max_length: int

    least_length: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.steps = check_whole("length", for_split("length", self.length, self.split), self.least_length)
        if self.steps > check_positive("max_length", self.max_length):
            raise BadInput(f"`length`={self.steps} is beyond `max_length`={self.max_length}")
        self.lengths = [self.steps] * len(self)

    def make(self, index: int) -> Sample:
        return Sample(*self.sample(self.generator(index)), index)

    @abstractmethod
    def sample(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Input and target of the sample that these random numbers make."""


def check_classes(class_names: Sequence[str], expected: int | None = None, reason: str = "") -> int:
    """Return the number of classes if it is at least 1 and `expected` (which follows from `reason`), else raise BadInput."""
    if not class_names or expected not in (None, len(class_names)):
        needed = "is empty" if expected is None else f"has {len(class_names)} names, but {reason} makes {expected} classes"
        raise BadInput(f"`class_names` {needed}")
    return len(class_names)
