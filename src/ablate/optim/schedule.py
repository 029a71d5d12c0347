"""Learning-rate schedules over a known number of steps: each a factor of the optimiser's rate by step."""

import math
from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from ablate.schema.options import Fraction, NotNegative, checked


@checked
def constant(optimizer: Optimizer, steps: int, warmup: Fraction = 0.0) -> LambdaLR:
    """lr(t) = lr, after a linear warm-up over the share `warmup` of the steps."""
    return _schedule(optimizer, steps, warmup, lambda progress: 1.0)


@checked
def cosine(optimizer: Optimizer, steps: int, warmup: Fraction = 0.0) -> LambdaLR:
    """lr(t) = lr/2 · (1 + cos(π t/steps)) (Loshchilov and Hutter 2017, SGDR, eq. 5, one cycle)."""
    return _schedule(optimizer, steps, warmup, lambda progress: 0.5 * (1 + math.cos(math.pi * progress)))


@checked
def poly(optimizer: Optimizer, steps: int, warmup: Fraction = 0.0, power: NotNegative = 0.9) -> LambdaLR:
    """lr(t) = lr · (1 - t/steps)^power (Chen et al. 2017, DeepLab, section 4.1)."""
    return _schedule(optimizer, steps, warmup, lambda progress: (1 - progress) ** power)


def _schedule(optimizer: Optimizer, steps: int, warmup: float, factor: Callable[[float], float]) -> LambdaLR:
    rising = round(warmup * steps)

    def at(step: int) -> float:
        if step < rising:
            return (step + 1) / (rising + 1)
        return factor(min(1.0, (step - rising) / max(1, steps - rising)))

    return LambdaLR(optimizer, at)
