"""Tests one network on whole pictures and from windows of them."""

from collections.abc import Sequence

import torch
from lightning.pytorch import LightningModule, Trainer

from ablate.callback.measure import Measure, check_scores, computed
from ablate.errors import Misfit
from ablate.model.evaluation import evaluating
from ablate.model.segmenter.windows import Shares, Together, Windows
from ablate.schema.options import Positive, ProperFraction, checked
from ablate.task.segmentation import Segmentation


class WindowedScores(Measure):
    """Logs scores of what the tested network says of windows of each picture, put together, and what that gains.

        test/windows/SCORE         from windows, see `ablate.model.segmenter.windows`
        test/windows_gain/SCORE    that minus the score of whole pictures

    Only the inference differs.

    Args:
        scores: names of scores, which the test of this task has, too.
        shares, overlap, together, batch_size: of `Windows`.

    Raises:
        BadInput: an unknown score.
        Misfit: a task that is no segmentation.
    """

    @checked
    def __init__(
        self, scores: Sequence[str], shares: Shares, overlap: ProperFraction, together: Together, batch_size: Positive
    ) -> None:
        self.scores = list(scores)
        self.windows = Windows(shares, overlap, together, batch_size)

    def metric_tags(self) -> list[str]:
        return [f"test/{what}/{score}" for what in ("windows", "windows_gain") for score in self.scores]

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, Segmentation):
            raise Misfit("probe=windows is for segmenters")
        check_scores(self.scores, pl_module)

    @torch.no_grad()
    def values(self, trainer: Trainer, task: Segmentation) -> dict[str, float]:
        whole = {name: metric.clone() for name, metric in task.metrics["test_"].items()}  # which has counted the test by now
        parts = {name: metric.clone() for name, metric in whole.items()}
        for metric in parts.values():
            metric.reset()
        with evaluating(task):
            for batch in trainer.datamodule.batches("test"):
                batch = trainer.datamodule.transfer_batch_to_device(batch, task.device, 0)
                prediction = self.windows(task.logits, batch.image).argmax(1)
                for metric in parts.values():
                    metric.update(prediction, batch.label)
        before, found = computed(whole), computed(parts)
        gains = {f"test/windows_gain/{score}": found[score] - before[score] for score in self.scores}
        return {f"test/windows/{score}": found[score] for score in self.scores} | gains
