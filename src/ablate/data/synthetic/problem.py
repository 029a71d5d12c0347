"""What all synthetic problems share."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ablate.data.generated import GeneratedDataset
from ablate.data.sequence import Sample, SequenceDataset
from ablate.data.split import for_split
from ablate.errors import BadInput
from ablate.schema.options import PerSplit, Steps


@dataclass(kw_only=True, eq=False)
class Problem(GeneratedDataset, SequenceDataset):
    """One split of a problem whose sequences are generated; all have the same length.

    A subclass makes a sample from random numbers.

    Args:
        length: steps of a sample.
        max_length: the largest length that the network takes.

    Raises:
        BadInput: what `GeneratedDataset` refuses; a length above `max_length`.
    """

    length: PerSplit[Steps]
    max_length: Steps

    def __post_init__(self) -> None:
        super().__post_init__()
        self.steps: int = for_split("length", self.length, self.split)
        if self.steps > self.max_length:
            raise BadInput(f"`length`={self.steps} is beyond `max_length`={self.max_length}")
        self.lengths = [self.steps] * len(self)

    def make(self, index: int) -> Sample:
        return Sample(*self.sample(self.generator(index)), index)

    @abstractmethod
    def sample(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Input and target of the sample that these random numbers make."""
