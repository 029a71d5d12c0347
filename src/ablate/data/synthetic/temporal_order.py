"""Temporal order: the class is the order of two or three marked symbols."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from ablate.data.synthetic.problem import Problem
from ablate.errors import BadInput
from ablate.schema.options import PerSplit, Range

# Positions of the marked symbols, in hundredths of the length, the ends included.
POSITIONS = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}
X, Y, NOISE, START, STOP = 1, 2, (3, 7), 7, 8  # 0 is padding and does not occur


@dataclass(kw_only=True, eq=False)
class TemporalOrder(Problem):
    """A start, distractors a to d with two or three symbols X or Y among them, and an end; the class is the order of X and Y.

    Source: Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997, section 5.6, experiments
    6a (two, four classes) and 6b (three, eight); their sequences have 100 to 110 steps. Here all have `length`, and the
    positions of the symbols grow with it.

    Args:
        marked: number of symbols X or Y.
        class_names: of the orders XX, XY, YX, YY or XXX, XXY, ….
    """

    length: PerSplit[Annotated[int, Range(10, 10**6)]]
    marked: Literal[2, 3]
    class_names: Sequence[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.class_names) != 2**self.marked:
            needed = f"`marked`={self.marked} makes {2**self.marked} classes"
            raise BadInput(f"`class_names` has {len(self.class_names)} names, but {needed}")

    def sample(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        tokens = torch.from_numpy(random.integers(*NOISE, self.steps))
        tokens[0], tokens[-1], label = START, STOP, 0
        for first, last in POSITIONS[self.marked]:
            step = random.integers(self.steps * first // 100, self.steps * last // 100, endpoint=True)
            is_y = int(random.integers(2))
            tokens[step] = Y if is_y else X
            label = 2 * label + is_y
        return tokens, torch.tensor(label)
