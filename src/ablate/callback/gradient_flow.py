"""Logs how much smaller the gradient is some steps back, before and after training."""

from collections.abc import Sequence
from math import log10

import torch
from lightning.pytorch import LightningModule, Trainer

from ablate.analysis.trace import CellAnalysis, analyse_cell, ratio_by_lag
from ablate.callback.measure import BeforeAndAfter
from ablate.errors import BadInput, check_positive, check_whole

RATIO, MEMORY = "log10_ratio", "log10_memory_ratio"
LEAST = 1e-38  # ratios below are logged as this, about the smallest normal number of float32


class GradientFlow(BeforeAndAfter):
    """Logs log₁₀ of ‖∂L/∂h_{T-k}‖ / ‖∂L/∂h_T‖ for some lags k on the test split, L the loss of the last step.

    test/gradient_flow_start/log10_ratio_k is of the network before training, test/gradient_flow/log10_ratio_k of the tested one.
    log10_memory_ratio_k is the same for an LSTM's memory c, or again for h if the cell has no memory. Both are root mean squares
    over the sequences that are long enough, and at least -38.

    Args:
        lags: the k, each shorter than the longest sequence.
        samples: number of sequences of the test split.
        cell: number of the cell: layer by layer, forward before backward, from 0.

    Raises:
        BadInput: a lag beyond the sequences, or a model without a recurrent network.
    """

    name = "gradient_flow"

    def __init__(self, lags: Sequence[int], samples: int, cell: int) -> None:
        super().__init__()
        self.lags = [check_positive("lags", lag) for lag in lags]
        self.samples = check_positive("samples", samples)
        self.cell = check_whole("cell", cell, 0)

    @property
    def names(self) -> list[str]:
        return [f"{kind}_{lag}" for kind in (RATIO, MEMORY) for lag in self.lags]

    def measure(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        with torch.inference_mode(False):
            batch = trainer.datamodule.example_batch("test", self.samples, task.device)
        if (analysis := analyse_cell(task, batch, self.cell)) is None:
            raise BadInput(f"gradient flow is measured in a recurrent network; {type(task.model).__name__} has none")
        return self._ratios(analysis)

    def _ratios(self, analysis: CellAnalysis) -> dict[str, float]:
        if (longest := analysis.gradient_norms.shape[1] - 1) < max(self.lags):
            raise BadInput(f"`lags` has {max(self.lags)}, beyond the largest lag in these sequences, {longest}")
        ratios = ((RATIO, ratio_by_lag(analysis.gradient_norms)), (MEMORY, ratio_by_lag(analysis.memory_norms)))
        return {f"{kind}_{k}": log10(max(float(ratio[k]), LEAST)) for kind, ratio in ratios for k in self.lags}
