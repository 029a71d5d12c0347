"""Many to many, of another length: a text for each text."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from ablate.data.batch import BatchKind, PairBatch
from ablate.model.text.memory import Memory
from ablate.model.text.text_reader import TextReader
from ablate.task.text_generation import TextGeneration


class Translation(TextGeneration):
    """A text read by one network and written in other words by another; see `TextGeneration`."""

    learns_from = BatchKind.TEXT_PAIRS
    reader_class = TextReader

    def __init__(
        self,
        model: nn.Module,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        scores: Sequence[str] = ("bleu", "sacrebleu", "chrf", "exact_match"),
        label_smoothing: float = 0.0,
        doubly_stochastic: float = 0.0,
        scheduled_sampling: float = 0.0,
        sampling_schedule: str = "constant",
        at_lengths: Sequence[int] = (),
        gradient_clip: float | None = None,
        name: str = "translation",
    ) -> None:
        options = (label_smoothing, doubly_stochastic, scheduled_sampling, sampling_schedule, at_lengths, gradient_clip)
        super().__init__(model, optimizer, scheduler, scores, *options)

    def inputs(self, batch: PairBatch) -> tuple:
        return batch.source, batch.source_lengths, batch.input

    def read(self, batch: PairBatch) -> Memory:
        return self.model.reader(batch.source, batch.source_lengths)
