"""Logs what is inside a recurrent network: pictures of states, gates and gradients; how small the gradient is some steps back."""

from collections.abc import Sequence
from math import log10
from pathlib import Path

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from matplotlib.figure import Figure

from ablate.analysis.trace import CellAnalysis, analyse_cell, gradient_by_lag, ratio_by_lag
from ablate.callback.log import log_figure
from ablate.callback.measure import BeforeAndAfter
from ablate.data.batch import SequenceBatch
from ablate.errors import BadInput
from ablate.figure.recurrent import plot_gates, plot_gradient_norms, plot_hidden_states
from ablate.schema.options import Positive, Whole, checked

LEAST_SHARE = 0.5  # of the sequences must have a lag for it to be shown
RATIO, MEMORY = "log10_ratio", "log10_memory_ratio"
LEAST = 1e-38  # ratios below are logged as this, about the smallest normal number of float32


class Inside(Callback):
    """Logs pictures of one cell before training and after each validation, always for the same validation samples.

    inside_gradient.png shows the gradient norm against the lag, with a line for each of these moments, up to the largest lag that
    half of the sequences have. inside_states.png and inside_gates.png show hidden states and gates over the longest sequence. The
    metric `inside/gradient_ratio` is the norm at that largest lag divided by the norm at lag 0. Nothing is logged for a model
    without a recurrent network.

    Args:
        folder: of the run; pictures go there.
        samples: number of sequences that the gradient norm is averaged over.
        cell: number of the cell: layer by layer, forward before backward, from 0.
    """

    @checked
    def __init__(self, folder: str, samples: Positive, cell: Whole) -> None:
        self.folder = Path(folder)
        self.samples = samples
        self.cell = cell
        self.batch: SequenceBatch | None = None
        self.norms: list[tuple[int, list[float]]] = []  # (step of training, norms by lag)

    @rank_zero_only
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self.norms:  # a continued run has them from its checkpoint
            self._log(trainer, pl_module)

    @rank_zero_only
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._log(trainer, pl_module)

    def state_dict(self) -> dict:
        return {"norms": self.norms}

    def load_state_dict(self, state_dict: dict) -> None:
        self.norms = state_dict["norms"]

    def _log(self, trainer: Trainer, task: LightningModule) -> None:
        if self.batch is None:
            with torch.inference_mode(False):
                self.batch = trainer.datamodule.example_batch("val", self.samples, task.device)
        if (analysis := analyse_cell(task, self.batch, self.cell)) is None:
            return
        norms, tokens = analysis.gradient_norms, self._tokens(trainer, analysis.longest)
        kept = (~norms.isnan()).double().mean(0) >= LEAST_SHARE
        kept[0] = True  # after a training that diverged, all norms may be nan
        self.norms.append((trainer.global_step, gradient_by_lag(norms)[kept].tolist()))
        self._log_figure(trainer, "gradient", plot_gradient_norms(self.norms))
        self._log_figure(trainer, "states", plot_hidden_states(analysis.hidden_states, tokens))
        if analysis.gate_openings:
            self._log_figure(trainer, "gates", plot_gates(analysis.gate_openings, tokens))
        for logger in trainer.loggers:
            logger.log_metrics({"inside/gradient_ratio": float(ratio_by_lag(norms)[kept][-1])}, step=trainer.global_step)

    def _log_figure(self, trainer: Trainer, name: str, figure: Figure) -> None:
        log_figure(figure, self.folder / f"inside_{name}.png", trainer, f"inside/{name}")

    def _tokens(self, trainer: Trainer, row: int) -> list[str] | None:
        """The tokens of a sequence of text; None for a sequence of numbers."""
        tokenisers = trainer.datamodule.tokenisers
        return [tokenisers["source"].vocabulary.tokens[i] for i in self.batch.input[row].tolist()] if tokenisers else None


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

    @checked
    def __init__(self, lags: Sequence[Positive], samples: Positive, cell: Whole) -> None:
        super().__init__()
        self.lags = list(lags)
        self.samples = samples
        self.cell = cell

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
