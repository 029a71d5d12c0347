"""Copy memory: symbols, a long blank, and then the symbols again."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ablate.data.batch import IGNORE
from ablate.data.sequence import Sample
from ablate.data.synthetic.generated import Generated
from ablate.errors import BadInput, check_positive


class CopyMemory(Generated):
    """r symbols, T - 1 blanks, a delimiter, r blanks, at which the symbols are to be said in order. length = T + 2r.

    Tokens: 0 is padding and unused, 1 to k the symbols, k + 1 the blank, k + 2 the delimiter. Only the last r steps are
    scored; the paper also scores the blanks before them, which are easy. Guessing is right 1 time in k.

    Source: Arjovsky, Shah, Bengio, Unitary evolution recurrent neural networks, ICML 2016, section 4.1 (k = 8, r = 10).

    Args: those of `Generated`, and
        remember: r, how many symbols.
        reverse: the last symbol first.
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
        remember: int,
        reverse: bool,
        class_names: Sequence[str],
    ) -> None:
        super().__init__(split, sizes=sizes, length=length, max_length=max_length, seed=seed)
        self.remember, self.reverse = check_positive("remember", remember), reverse
        self.symbols = check_positive("num_classes", len(class_names))
        if self.length <= 2 * remember:
            raise BadInput(f"`length`={self.length} must be at least {2 * remember + 1} for {remember} to remember")

    def draw(self, random: np.random.Generator, index: int) -> Sample:
        symbols = torch.from_numpy(random.integers(0, self.symbols, self.remember))
        tokens = torch.full((self.length,), self.symbols + 1)
        tokens[: self.remember] = symbols + 1
        tokens[-self.remember - 1] = self.symbols + 2
        target = torch.full((self.length,), IGNORE)
        target[-self.remember :] = symbols.flip(0) if self.reverse else symbols
        return Sample(tokens, target, index)
