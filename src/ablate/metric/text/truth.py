"""How often captions of generated pictures are true."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric


class TruthRate(Metric):
    """Three scores of captions, each of which is given as the truth of its statements, or as None if it cannot be parsed:

        truth_rate       share of captions that can be parsed and whose statements are all true
        grammatical      share of captions that can be parsed
        statement_truth  share of true statements, over all captions that can be parsed

    The data set's `judge(index, caption)` decides what is true, and never calls a borderline case false. "An object" is true of
    nearly every picture, so read these beside CIDEr-D, and beside the truth rate of the same captions for shuffled pictures.
    """

    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        # captions, parsed ones, wholly true ones; statements, true ones
        self.add_state("counts", default=torch.zeros(5, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, verdicts: Sequence[Sequence[bool] | None]) -> None:
        """Count a batch."""
        parsed = [each for each in verdicts if each is not None]
        statements = [true for each in parsed for true in each]
        counts = [len(verdicts), len(parsed), sum(map(all, parsed)), len(statements), sum(statements)]
        self.counts += torch.tensor(counts, device=self.counts.device)

    def compute(self) -> dict[str, Tensor]:
        """The scores by name; nan if nothing was counted."""
        captions, parsed, true, statements, true_statements = self.counts.double().unbind()
        return {
            "truth_rate": true / captions,
            "grammatical": parsed / captions,
            "statement_truth": true_statements / statements,
        }
