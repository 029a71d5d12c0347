"""The adding problem: the target is the sum of two marked numbers among many."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from ablate.data.synthetic.problem import Problem
from ablate.schema.options import PerSplit, Range


@dataclass(kw_only=True, eq=False)
class Adding(Problem):
    """x_t = (value, marker): values are uniform in [0, 1); two steps have marker 1, all pairs of steps are equally likely.

    The target is the sum of the two marked values. The constant answer 1 has a mean squared error of 1/6 = 0.167.

    Source: Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997, section 5.4; in this form
    Le, Jaitly, Hinton, A simple way to initialize recurrent networks of rectified linear units, 2015, section 4.1.
    """

    length: PerSplit[Annotated[int, Range(2, 10**6)]]

    def sample(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        values = random.random(self.steps, np.float32)
        marked = random.permutation(self.steps)[:2]
        markers = np.zeros_like(values)
        markers[marked] = 1
        return torch.from_numpy(np.stack([values, markers], 1)), torch.tensor(values[marked].sum())
