"""Marked symbol: a sequence of noise with one key; the target is the key, wherever it stands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from ablate.data.split import for_split
from ablate.data.synthetic.problem import Problem
from ablate.schema.options import SOME, Count, Fraction, PerSplit, Positive


@dataclass(kw_only=True, eq=False)
class MarkedSymbol(Problem):
    """Noise with one of k keys at a random step of a part of the sequence; each split may have a part of its own.

    A network that is trained with keys in the first half, and tested with keys in the second half or in longer sequences, shows
    whether what it learned at some steps holds at others. Tokens: 0 is padding and does not occur, 1 to k are the keys, k + 1 to
    k + noise the other symbols.

    Args:
        place: [from, to], the part of the sequence where the key stands, as shares of the length; one step where they are equal.
        noise: number of other symbols.
        class_names: one for each of the k keys.
    """

    place: PerSplit[Annotated[Sequence[Fraction], Count(2, rising=True)]]
    noise: Positive
    class_names: Annotated[Sequence[str], SOME]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.key_steps = steps_of(for_split("place", self.place, self.split), self.steps)

    def sample(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        keys = len(self.class_names)
        tokens = torch.from_numpy(random.integers(0, self.noise, self.steps) + keys + 1)
        label = int(random.integers(keys))
        tokens[random.integers(*self.key_steps)] = label + 1
        return tokens, torch.tensor(label)


def steps_of(place: Sequence[float], length: int) -> tuple[int, int]:
    """First step of a part, and the step after its last; at least one step. [0.5, 1] of 20 steps is (10, 20)."""
    first = min(length - 1, math.floor(place[0] * length))
    return first, max(first + 1, math.floor(place[1] * length))
