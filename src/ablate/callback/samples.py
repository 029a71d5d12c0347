"""Texts that a language model generates while it learns."""

from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from ablate.callback.log import log_text


class Samples(Callback):
    """Samples texts after each validation, with the same random numbers each time, and logs them; also samples.txt.

    Args:
        folder: of the run; samples.txt goes there.
        count: number of texts; 0: nothing is logged.
        length: the largest number of tokens of a text.
        temperature, top_k, top_p: see `ablate.model.recurrent.generate.restrict`.
    """

    def __init__(
        self, folder: str, count: int, length: int, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
    ) -> None:
        self.path, self.count, self.length = Path(folder) / "samples.txt", count, length
        self.sampling: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p}

    @rank_zero_only
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or self.count < 1:
            return
        texts = pl_module.sample(self.count, self.length, seed=0, **self.sampling)
        log_text("\n\n".join(texts), self.path, trainer, "val/samples")
