"""How the parameters of a network are updated: optimiser, learning-rate schedule, clipping."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ablate.errors import BadInput
from ablate.schema.options import AboveZero, checked


class Optimisation:
    """An optimiser, its schedule and the clipping of gradients, all of which wait for the parameters.

    Args:
        optimizer: given the parameters, returns the optimiser.
        scheduler: given the optimiser and the number of steps, returns a scheduler that is stepped after each batch.
        gradient_clip: the largest Euclidean norm of the gradient over all parameters; a longer gradient is scaled to this
            norm (Pascanu et al. 2013, algorithm 1). None: no clipping.

    Raises:
        BadInput: a `gradient_clip` that is not above 0.
    """

    @checked
    def __init__(
        self,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler],
        gradient_clip: AboveZero | None = None,
    ) -> None:
        self.optimizer, self.scheduler, self.gradient_clip = optimizer, scheduler, gradient_clip

    def configure(self, parameters: Iterable[nn.Parameter] | Sequence[dict[str, Any]], steps: int) -> dict:
        """Optimiser and scheduler of a training of `steps` steps, as `LightningModule.configure_optimizers` returns them.

        Args:
            parameters: or groups of them, {"params": …, "rate": …}, where `rate` is a factor of the learning rate.
        """
        try:
            optimizer = self.optimizer(parameters)
        except ValueError as error:  # torch's word on betas, eps and the like
            raise BadInput(f"optimizer: {error}") from error
        for group in optimizer.param_groups:
            group["lr"] *= group.get("rate", 1.0)
        scheduler = self.scheduler(optimizer, steps=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def clip(self, parameters: Iterator[nn.Parameter]) -> None:
        """Scale the gradients of `parameters` down to the norm `gradient_clip`."""
        if self.gradient_clip is not None:
            nn.utils.clip_grad_norm_(parameters, self.gradient_clip)
