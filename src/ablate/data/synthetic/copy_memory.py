"""Copy memory: symbols, a long blank, and then the symbols again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from ablate.data.batch import IGNORE
from ablate.data.split import draw_for_split
from ablate.data.synthetic.problem import Problem
from ablate.errors import BadInput
from ablate.schema.options import SOME, Positive


@dataclass(kw_only=True, eq=False)
class CopyMemory(Problem):
    """r symbols, T - 1 blanks, a delimiter, then r blanks, at which the symbols are the targets in order. length = T + 2r.

    Tokens: 0 is padding and does not occur, 1 to k are the symbols, k + 1 is the blank, k + 2 the delimiter. Only the last r
    steps are scored; the paper also scores the blanks before them, which are easy. Guessing is right with probability 1/k. A row
    of symbols is in one split only: 80, 10 and 10 % of the k^r rows, by a hash.

    Source: Arjovsky, Shah, Bengio, Unitary evolution recurrent neural networks, ICML 2016, section 4.1 (k = 8, r = 10).

    Args:
        remember: r, the number of symbols to remember.
        reverse: the last symbol comes first in the target.
        class_names: one for each of the k symbols.
    """

    remember: Positive
    reverse: bool
    class_names: Annotated[Sequence[str], SOME]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps <= 2 * self.remember:
            raise BadInput(f"`length`={self.steps} must be at least {2 * self.remember + 1} for `remember`={self.remember}")
        self._draw(self.generator(0))  # there are enough rows for a split of its own

    def sample(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        k, r = len(self.class_names), self.remember
        symbols = torch.from_numpy(self._draw(random))
        tokens = torch.full((self.steps,), k + 1)
        tokens[:r] = symbols + 1
        tokens[-r - 1] = k + 2
        target = torch.full((self.steps,), IGNORE)
        target[-r:] = symbols.flip(0) if self.reverse else symbols
        return tokens, target

    def _draw(self, random: np.random.Generator) -> np.ndarray:
        draw = lambda: random.integers(0, len(self.class_names), self.remember)  # noqa: E731
        return draw_for_split(self.split, draw, lambda row: " ".join(map(str, row)), f"`remember`={self.remember}")
