"""One to many: a text for each picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection

from ablate.data.batch import BatchKind, CaptionBatch, Truth
from ablate.metric.text.truth import PairsNamed, TruthRate
from ablate.model.segmenter.encoder.load import load_encoder
from ablate.model.text.encoder import PictureEncoder
from ablate.model.text.memory import Memory
from ablate.optim.optimisation import Optimisation
from ablate.task.text_generation import TextGeneration


class Captioning(TextGeneration):
    """Captions of pictures; see `TextGeneration`.

    The test has a control for each score, shuffled/NAME: each caption is compared with the references of another picture,
    half of the split away. This score needs no picture: it comes from the language prior.

    Args:
        score_truth: also count what is true in the captions (`TruthRate`), which only generated data know.
        pairs: colours on shapes, as "red ring", whose naming is counted, too (`PairsNamed`); None or empty: none.
        blind: the network sees black pictures, in training and in tests: another control.
        encoder_weights: a file with the weights that the encoder begins with; None: random ones.
        options: those of `TextGeneration`.
    """

    batch_kind = BatchKind.CAPTIONED_PICTURES
    encoder_class = PictureEncoder
    tokenised = ("target",)

    def __init__(
        self,
        model: nn.Module,
        optimisation: Optimisation | None,
        score_truth: bool = False,
        blind: bool = False,
        encoder_weights: str | None = None,
        pairs: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model, optimisation, **options)
        self.score_truth, self.blind, self.encoder_weights = score_truth, blind, encoder_weights
        if score_truth:
            for metrics in (self.metrics["val_"], self.metrics["test_"]):
                metrics.update({"truth": TruthRate(), **({"pairs": PairsNamed(pairs)} if pairs else {})})
        control = {name: metric.clone() for name, metric in self.metrics["test_"].items() if name != "tokens"}
        self.metrics["test_"]["shuffled"] = MetricCollection(control, prefix="shuffled/", compute_groups=False)

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        load_encoder(self.model.encoder.backbone, weights)

    def inputs(self, batch: CaptionBatch) -> tuple:
        return batch.image, None, batch.input

    def encode(self, batch: CaptionBatch) -> Memory:
        return self.model.encoder(torch.zeros_like(batch.image) if self.blind else batch.image)

    def judge(self, metrics: nn.ModuleDict, texts: list[str], batch: CaptionBatch) -> None:
        super().judge(metrics, texts, batch)
        if "shuffled" in metrics:
            self.compare(metrics["shuffled"], texts, batch.control)

    def compare(self, metrics: nn.ModuleDict, texts: list[str], truth: Truth) -> None:
        super().compare(metrics, texts, truth)
        if self.score_truth:
            found = [judge(text) for judge, text in zip(truth.judges, texts, strict=True)]
            for name in ("truth", "pairs"):
                if name in metrics:
                    metrics[name].update(found)
