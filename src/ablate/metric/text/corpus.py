"""The base class of scores of sentences: it keeps predictions and references until the split is over."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from ablate.errors import BadInput


class Corpus(Metric, ABC):
    """Keeps each prediction with its references as a line of bytes, because torchmetrics gathers only tensors from several devices.

    A token is what stands between white space; capitals, punctuation and stems are not changed.
    """

    text: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("text", default=[], dist_reduce_fx="cat")
        self.set_dtype(torch.uint8)  # the type that a device without any sample contributes

    def update(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
        """Keep a batch: for each sample one predicted sentence and one or more references."""
        check_references(predictions, references)
        lines = "".join(json.dumps([p, list(r)]) + "\n" for p, r in zip(predictions, references, strict=True))
        if lines:
            self.text.append(torch.frombuffer(bytearray(lines.encode()), dtype=torch.uint8).to(self.device))

    def pairs(self) -> list[tuple[str, list[str]]]:
        """The prediction and the references of every sample since the last reset."""
        if not len(self.text):
            return []
        return [tuple(json.loads(line)) for line in dim_zero_cat(self.text).cpu().numpy().tobytes().splitlines()]

    def mean(self, scores: Sequence[float]) -> Tensor:
        """The mean as a tensor; nan without any score."""
        return torch.tensor(scores, dtype=torch.float64, device=self.device).mean()

    @abstractmethod
    def compute(self) -> Tensor | dict[str, Tensor]:
        """The score, or scores by name."""


def check_references(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Raise BadInput unless every prediction has a list of at least one reference."""
    if len(predictions) != len(references):
        raise BadInput(f"{len(predictions)} predictions, but references of {len(references)}")
    for i, each in enumerate(references):
        if isinstance(each, str) or not each:
            raise BadInput(f"references[{i}]={each!r} must be a list of one sentence or more")
