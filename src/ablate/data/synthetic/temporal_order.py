"""Temporal order: in which order did the marked symbols come?"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ablate.data.sequence import Sample
from ablate.data.synthetic.generated import Generated, check_classes
from ablate.errors import check_choice

# Where the marked symbols may stand, in hundredths of the length, the ends included.
PLACES = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}
X, Y, NOISE, START, STOP = 1, 2, (3, 7), 7, 8  # 0 is padding and unused


class TemporalOrder(Generated):
    """A start, distractors a to d among which stand two or three symbols X or Y, and an end; the class is their order.

    Source: Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997, section 5.6, experiments
    6a (two, four classes) and 6b (three, eight); there of 100 to 110 steps. Here all have `length`, and the places
    where a symbol may stand grow with it.

    Args: those of `Generated`, of a length of at least 10, and
        marked: how many symbols, 2 or 3.
        class_names: of the orders, XX, XY, YX, YY or XXX, XXY, ….
    """

    least_length = 10

    def __init__(
        self,
        split: str,
        *,
        sizes: Mapping[str, int],
        length: int | Mapping[str, int],
        max_length: int,
        seed: int,
        marked: int,
        class_names: Sequence[str],
    ) -> None:
        super().__init__(split, sizes=sizes, length=length, max_length=max_length, seed=seed)
        check_choice("marked", str(marked), map(str, PLACES))
        check_classes(f"marked={marked}", 2**marked, class_names)
        self.places = PLACES[marked]

    def draw(self, random: np.random.Generator, index: int) -> Sample:
        tokens = torch.from_numpy(random.integers(*NOISE, self.length))
        tokens[0], tokens[-1], label = START, STOP, 0
        for first, last in self.places:
            place = random.integers(self.length * first // 100, self.length * last // 100, endpoint=True)
            second = int(random.integers(2))
            tokens[place] = Y if second else X
            label = 2 * label + second
        return Sample(tokens, torch.tensor(label), index)
