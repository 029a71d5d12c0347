"""Echo: the target of a step is the symbol of some steps ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from ablate.data.batch import IGNORE
from ablate.data.synthetic.problem import Problem
from ablate.errors import BadInput
from ablate.schema.options import SOME, Whole


@dataclass(kw_only=True, eq=False)
class Echo(Problem):
    """target_t = x_{t - lag}, of k equally likely symbols; the first `lag` steps are not scored.

    Tokens: 0 is padding and does not occur, 1 to k are the symbols. Guessing is right with probability 1/k, and so is a
    network whose gradient does not pass `lag` steps back.

    Args:
        lag: steps to remember; below the length.
        class_names: one for each of the k symbols.
    """

    lag: Whole
    class_names: Annotated[Sequence[str], SOME]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lag >= self.steps:
            raise BadInput(f"`lag`={self.lag} leaves no step of `length`={self.steps} to score")

    def sample(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        symbols = torch.from_numpy(random.integers(0, len(self.class_names), self.steps))
        target = torch.full_like(symbols, IGNORE)
        target[self.lag :] = symbols[: self.steps - self.lag]
        return symbols + 1, target
