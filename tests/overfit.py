"""A loss made small, for tests that a network can learn."""

from collections.abc import Callable

from torch import Tensor
from torch.optim import Optimizer


def minimise(loss: Callable[[], Tensor], optimizer: Optimizer, steps: int) -> list[float]:
    """Take `steps` steps of the optimizer; the loss before each."""
    losses = []
    for _ in range(steps):
        value = loss()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses
