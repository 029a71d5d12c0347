"""Echo: say at every step what came some steps ago."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ablate.data.batch import IGNORE
from ablate.data.sequence import Sample
from ablate.data.synthetic.generated import Generated
from ablate.errors import BadInput, check_positive, check_whole


class Echo(Generated):
    """target_t = x_{t - lag}, of k symbols that are all as likely; the first `lag` steps are not scored.

    Tokens: 0 is padding and unused, 1 to k the symbols. Guessing is right 1 time in k, and so is a network through
    which no gradient passes over `lag` steps.

    Args: those of `Generated`, and
        lag: steps to remember; below the length.
        class_names: one a symbol, k of them.
    """

    def __init__(
        self,
        split: str,
        *,
        sizes: Mapping[str, int],
        length: int | Mapping[str, int],
        max_length: int,
        seed: int,
        lag: int,
        class_names: Sequence[str],
    ) -> None:
        super().__init__(split, sizes=sizes, length=length, max_length=max_length, seed=seed)
        self.lag = check_whole("lag", lag, 0)
        self.symbols = check_positive("num_classes", len(class_names))
        if lag >= self.length:
            raise BadInput(f"`lag`={lag} leaves no step of `length`={self.length} to score")

    def draw(self, random: np.random.Generator, index: int) -> Sample:
        symbols = torch.from_numpy(random.integers(0, self.symbols, self.length))
        target = torch.full_like(symbols, IGNORE)
        target[self.lag :] = symbols[: self.length - self.lag]
        return Sample(symbols + 1, target, index)
