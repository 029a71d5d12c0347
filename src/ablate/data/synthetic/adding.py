"""The adding problem: two of many numbers are marked; what is their sum?"""

import numpy as np
import torch

from ablate.data.sequence import Sample
from ablate.data.synthetic.generated import Generated


class Adding(Generated):
    """x_t = (value, marker): values uniform in [0, 1), two markers of 1 at places that are all as likely; target their sum.

    To answer 1 whatever comes has a mean squared error of 1/6 = 0.167.

    Source: Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997, section 5.4; in this form
    Le, Jaitly, Hinton, A simple way to initialize recurrent networks of rectified linear units, 2015, section 4.1.

    Args: those of `Generated`; of a length of at least 2.
    """

    least_length = 2

    def draw(self, random: np.random.Generator, index: int) -> Sample:
        values = random.random(self.length, np.float32)
        marked = random.permutation(self.length)[:2]
        steps = np.zeros((self.length, 2), np.float32)
        steps[:, 0] = values
        steps[marked, 1] = 1
        return Sample(torch.from_numpy(steps), torch.tensor(values[marked].sum()), index)
