"""What the scores of whole sentences share: predictions with their references, kept until the split is over."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from ablate.errors import BadInput


class Corpus(Metric, ABC):
    """Keeps text as bytes, a line a prediction: torchmetrics gathers tensors only, and so several devices count as one.

    Tokens are what stands between white space, as it comes: no capitals, punctuation or stems are changed.
    """

    text: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("text", default=[], dist_reduce_fx="cat")
        self.set_dtype(torch.uint8)  # what a device that saw no sample hands in

    def update(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
        """Keep a batch: one sentence a sample, with one or more that would have been right."""
        check_references(predictions, references)
        lines = "".join(json.dumps([p, list(r)]) + "\n" for p, r in zip(predictions, references, strict=True))
        if lines:
            self.text.append(torch.frombuffer(bytearray(lines.encode()), dtype=torch.uint8).to(self.device))

    def pairs(self) -> list[tuple[str, list[str]]]:
        """(prediction, references) of all, since the last reset."""
        if not len(self.text):
            return []
        return [tuple(json.loads(line)) for line in dim_zero_cat(self.text).cpu().numpy().tobytes().splitlines()]

    def mean(self, scores: Sequence[float]) -> Tensor:
        """nan of none."""
        return torch.tensor(scores, dtype=torch.float64, device=self.device).mean()

    @abstractmethod
    def compute(self) -> Tensor | dict[str, Tensor]:
        """The score, or scores by name."""


def check_references(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """As many lists of references as predictions, none of them empty."""
    if len(predictions) != len(references):
        raise BadInput(f"{len(predictions)} predictions, but references of {len(references)}")
    for i, each in enumerate(references):
        if isinstance(each, str) or not each:
            raise BadInput(f"references[{i}]={each!r} must be a list of one sentence or more")
