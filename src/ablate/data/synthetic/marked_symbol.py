"""Marked symbol: one key among noise, whose class is to be told wherever it stands."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ablate.data.sequence import Sample
from ablate.data.synthetic.generated import Generated, by_split
from ablate.errors import BadInput, check_positive


class MarkedSymbol(Generated):
    """Noise with one of k keys at a step drawn from a part of the sequence, which may be another in each split.

    Trained with keys in the first half and tested with keys in the second, or in longer sequences, it tells whether what
    was learnt at some steps holds at others. Tokens: 0 is padding and unused, 1 to k the keys, k + 1 to k + noise the
    others.

    Args: those of `Generated`, and
        place: [from, to], the part where the key stands, as shares of the length; or split -> such a pair.
        noise: how many other symbols there are.
        class_names: one a key, k of them.
    """

    def __init__(
        self,
        split: str,
        *,
        sizes: Mapping[str, int],
        length: int | Mapping[str, int],
        max_length: int,
        seed: int,
        place: Sequence[float] | Mapping[str, Sequence[float]],
        noise: int,
        class_names: Sequence[str],
    ) -> None:
        super().__init__(split, sizes=sizes, length=length, max_length=max_length, seed=seed)
        self.noise = check_positive("noise", noise)
        self.keys = check_positive("num_classes", len(class_names))
        self.steps = steps_of(by_split("place", place, split), self.length)

    def draw(self, random: np.random.Generator, index: int) -> Sample:
        tokens = torch.from_numpy(random.integers(0, self.noise, self.length) + self.keys + 1)
        label = int(random.integers(self.keys))
        tokens[random.integers(*self.steps)] = label + 1
        return Sample(tokens, torch.tensor(label), index)


def steps_of(place: Sequence[float], length: int) -> tuple[int, int]:
    """[0.5, 1] of 20 steps are those from 10 and before 20; at least one step."""
    if len(place) != 2 or not 0 <= place[0] < place[1] <= 1:
        raise BadInput(f"`place`={list(place)!r} must be [from, to] with 0 ≤ from < to ≤ 1, as [0, 0.5]")
    first = min(length - 1, math.floor(place[0] * length))
    return first, max(first + 1, math.floor(place[1] * length))
