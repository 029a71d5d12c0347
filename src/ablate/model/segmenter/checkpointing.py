"""Gradient checkpointing: maps inside of a stage are computed again in the backward pass instead of being kept."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


class Staged(nn.Module):
    """What runs its stages by `run`, which keeps only their inputs where `checkpointing` is on (Chen et al. 2016, section 4).

    Gradients and the running means of batch norm are those without it; a stage is computed twice a step. Pooling lies between
    stages, so that no switch is found twice.
    """

    checkpointing = False

    def run(self, stage: nn.Module, x: Tensor) -> Tensor:
        """stage(x)."""
        if not (self.checkpointing and self.training and torch.is_grad_enabled()):
            return stage(x)
        return checkpoint(stage, x, use_reentrant=False, context_fn=partial(_contexts, stage))


def _contexts(stage: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    return nullcontext(), _seen_already(stage)


@contextmanager
def _seen_already(stage: nn.Module) -> Iterator[None]:
    """Within, batch norms use the batch's mean and variance and do not count it a second time."""
    norms = [layer for layer in stage.modules() if isinstance(layer, _BatchNorm) and layer.track_running_stats]
    kept = [(layer.momentum, layer.num_batches_tracked.clone()) for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, (momentum, count) in zip(norms, kept):
            layer.momentum = momentum
            layer.num_batches_tracked.copy_(count)
