"""Echo: the target of a step is the symbol of some steps ago."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ablate.data.batch import IGNORE
from ablate.data.synthetic.problem import Problem, check_classes
from ablate.errors import BadInput, check_whole


@dataclass(kw_only=True, eq=False)
class Echo(Problem):
    """target_t = x_{t - lag}, of k equally likely symbols; the first `lag` steps are not scored.

    Tokens: 0 is padding and does not occur, 1 to k are the symbols. Guessing is right with probability 1/k, and so is a
    network whose gradient does not pass `lag` steps back.

    Args:
        lag: steps to remember; below the length.
        class_names: one for each of the k symbols.
    """

    lag: int
    class_names: Sequence[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_classes(self.class_names)
        if check_whole("lag", self.lag, 0) >= self.steps:
            raise BadInput(f"`lag`={self.lag} leaves no step of `length`={self.steps} to score")

    def sample(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        symbols = torch.from_numpy(random.integers(0, len(self.class_names), self.steps))
        target = torch.full_like(symbols, IGNORE)
        target[self.lag :] = symbols[: self.steps - self.lag]
        return symbols + 1, target
