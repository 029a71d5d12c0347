"""How much of the gradient is left many steps back, before and after training, as numbers for claims."""

from collections.abc import Sequence
from math import log10

import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from ablate.analysis.recurrent import Look, look
from ablate.analysis.trace import ratio_by_lag
from ablate.errors import BadInput, check_positive, check_whole

START, END = "gradient_flow_start", "gradient_flow"
RATIO, MEMORY = "log10_ratio", "log10_memory_ratio"
LEAST = 1e-38  # float32 knows no smaller normal number


class GradientFlow(Callback):
    """Logs log₁₀ of ‖∂L/∂h_{T-k}‖ / ‖∂L/∂h_T‖ for some lags k on the test split, L the loss of the last step.

    test/gradient_flow_start/log10_ratio_k is of the network before training, test/gradient_flow/log10_ratio_k of the tested one.
    log10_memory_ratio_k is that of an LSTM's memory c, and of h again where a cell has no other state. Both are root mean
    squares over the sequences that are long enough, and at least -38.

    Args:
        lags: the k, each shorter than the longest sequence.
        samples: how many sequences of the test split are looked at.
        cell: which cell: layer by layer, forward before backward, from 0.

    Raises:
        BadInput: a lag beyond the sequences, or a model without a recurrent network.
    """

    def __init__(self, lags: Sequence[int], samples: int, cell: int) -> None:
        self.lags = [check_positive("metric.lags", lag) for lag in lags]
        self.samples = check_positive("metric.samples", samples)
        self.cell = check_whole("metric.cell", cell, 0)
        self.start: dict[str, float] = {}

    @staticmethod
    def metric_tags(lags: Sequence[int]) -> list[str]:
        """Names under which a run ends with these measures."""
        return [f"test/{moment}/{kind}_{lag}" for moment in (START, END) for kind in (RATIO, MEMORY) for lag in lags]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self.start:  # else a continued run has measured it
            self.start = self.measure(trainer.datamodule, pl_module)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        values = {f"test/{START}/{name}": value for name, value in self.start.items()}
        values |= {f"test/{END}/{name}": value for name, value in self.measure(trainer.datamodule, pl_module).items()}
        pl_module.log_dict(values, on_step=False, on_epoch=True, batch_size=1)

    def measure(self, data: LightningDataModule, task: LightningModule) -> dict[str, float]:
        """Both ratios at each lag."""
        with torch.inference_mode(False):
            batch = data.some("test", self.samples, task.device)
        if (seen := look(task, batch, self.cell)) is None:
            raise BadInput(f"gradient flow is measured in a recurrent network; {type(task.model).__name__} has none")
        return self._ratios(seen)

    def state_dict(self) -> dict:
        return {"start": self.start}

    def load_state_dict(self, state_dict: dict) -> None:
        self.start = state_dict["start"]

    def _ratios(self, seen: Look) -> dict[str, float]:
        if (longest := seen.norms.shape[1] - 1) < max(self.lags):
            raise BadInput(f"metric.lags has {max(self.lags)}, beyond the largest lag in these sequences, {longest}")
        ratios = ((RATIO, ratio_by_lag(seen.norms)), (MEMORY, ratio_by_lag(seen.memory_norms)))
        return {f"{kind}_{k}": log10(max(float(each[k]), LEAST)) for kind, each in ratios for k in self.lags}
