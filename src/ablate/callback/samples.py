"""What a language model writes, as it learns."""

from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from ablate.callback.log import log_text


class Samples(Callback):
    """Draws texts after each validation, from the same random numbers each time, into TensorBoard and samples.txt.

    Args:
        folder: where samples.txt goes.
        count: how many texts.
        length: most tokens of each.
        temperature, top_k, top_p: see `ablate.model.recurrent.generate.restrict`.
    """

    def __init__(
        self, folder: str, count: int, length: int, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
    ) -> None:
        self.path, self.count, self.length = Path(folder) / "samples.txt", count, length
        self.draw: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p}

    @rank_zero_only
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or self.count < 1:
            return
        texts = pl_module.sample(self.count, self.length, seed=0, **self.draw)
        log_text("\n\n".join(texts), self.path, trainer, "val/samples")
