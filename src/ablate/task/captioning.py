"""One to many: a text for each picture."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection

from ablate.data.batch import BatchKind, CaptionBatch, Truth
from ablate.metric.text.truth import TruthRate
from ablate.model.segmenter.encoder.load import load_encoder
from ablate.model.text.memory import Memory
from ablate.model.text.picture_reader import PictureReader
from ablate.task.text_generation import SCORES, TextGeneration


class Captioning(TextGeneration):
    """Captions of pictures; see `TextGeneration`.

    Beside each score of the test stands its control, shuffled/NAME: the same captions, each compared with what is right of another
    picture, half of the split away. What is left there is known without the picture: the language prior.

    Args:
        judged: also count which captions are true of their pictures (`TruthRate`); only generated pictures can tell.
        blind: the network sees black pictures only, in training and in tests: another control.
        encoder_weights: a file with the weights that the encoder begins with; None: random ones.
    """

    learns_from = BatchKind.CAPTIONED_PICTURES
    reader_class = PictureReader

    def __init__(
        self,
        model: nn.Module,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        scores: Sequence[str] = ("bleu", "rouge_l", "cider", "cider_d", "chrf"),
        judged: bool = False,
        blind: bool = False,
        label_smoothing: float = 0.0,
        doubly_stochastic: float = 0.0,
        scheduled_sampling: float = 0.0,
        sampling_schedule: str = "constant",
        at_lengths: Sequence[int] = (),
        gradient_clip: float | None = None,
        encoder_weights: str | None = None,
        name: str = "captioning",
    ) -> None:
        truth = {"truth": TruthRate()} if judged else {}
        options = (label_smoothing, doubly_stochastic, scheduled_sampling, sampling_schedule, at_lengths, gradient_clip)
        super().__init__(model, optimizer, scheduler, scores, *options, truth)
        self.judged, self.blind, self.encoder_weights = judged, blind, encoder_weights
        again = {name: SCORES[name]() for name in self.scores} | ({"truth": TruthRate()} if judged else {})
        self.metrics["test_"]["shuffled"] = MetricCollection(again, prefix="shuffled/", compute_groups=False)

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        load_encoder(self.model.reader.encoder, weights)

    def inputs(self, batch: CaptionBatch) -> tuple:
        return batch.image, None, batch.input

    def read(self, batch: CaptionBatch) -> Memory:
        return self.model.reader(torch.zeros_like(batch.image) if self.blind else batch.image)

    def judge(self, metrics: nn.ModuleDict, texts: list[str], batch: CaptionBatch) -> None:
        super().judge(metrics, texts, batch)
        if "shuffled" in metrics:
            self.compare(metrics["shuffled"], texts, batch.control)

    def compare(self, metrics: nn.ModuleDict, texts: list[str], truth: Truth) -> None:
        super().compare(metrics, texts, truth)
        if self.judged:
            metrics["truth"].update([judge(text) for judge, text in zip(truth.judges, texts, strict=True)])
