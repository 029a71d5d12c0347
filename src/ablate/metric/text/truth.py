"""How often what is said of a generated picture is true of it."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric


class TruthRate(Metric):
    """Of captions, each given as the truth of its statements, or as None where it is not of the language:

        truth_rate       share of captions that are of the language, and all of whose statements are true
        grammatical      share of captions that are of the language
        statement_truth  share of true statements, over all captions of the language

    The truth is what the data set's `judge(index, caption)` finds, in which nothing borderline is false. "An object" is true of
    nearly every picture: read it beside CIDEr-D, and beside the truth rate of the same captions under shuffled pictures.
    """

    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        # captions, of the language, wholly true; statements, true ones
        self.add_state("counts", default=torch.zeros(5, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, verdicts: Sequence[Sequence[bool] | None]) -> None:
        """Count a batch."""
        parsed = [each for each in verdicts if each is not None]
        statements = [true for each in parsed for true in each]
        counts = [len(verdicts), len(parsed), sum(map(all, parsed)), len(statements), sum(statements)]
        self.counts += torch.tensor(counts, device=self.counts.device)

    def compute(self) -> dict[str, Tensor]:
        """Each by its name; nan of nothing."""
        captions, parsed, true, statements, true_statements = self.counts.double().unbind()
        return {
            "truth_rate": true / captions,
            "grammatical": parsed / captions,
            "statement_truth": true_statements / statements,
        }
