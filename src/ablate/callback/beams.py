"""Tests one network with beams of several widths."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import torch
from lightning.pytorch import LightningModule, Trainer
from torchmetrics import Metric

from ablate.callback.measure import Measure, check_scores, computed
from ablate.errors import BadInput, Misfit
from ablate.metric.text.truth import TruthRate
from ablate.model.text.decoding.beam import Beam
from ablate.schema.options import MANY, Range, checked
from ablate.task.text_generation import SCORES, TextGeneration

Wide = Annotated[int, Range(2, MANY)]


class Beams(Measure):
    """Logs scores of what the tested network writes with beams of several widths, and what beams gain.

        test/beam/WIDTH/SCORE    with a beam of this width; 1 takes the likeliest token each time
        test/beam_gain/SCORE     the mean over `widths` minus the score of width 1

    Only the search differs, and of that only the width.

    Args:
        widths: numbers of texts that are followed, above 1.
        scores: names of scores, which the test of this task has, too.

    Raises:
        BadInput: a width that is not above 1, or no width; an unknown score.
        Misfit: a task that writes no text, or one whose search is no beam.
    """

    @checked
    def __init__(self, widths: Sequence[Wide], scores: Sequence[str]) -> None:
        if not widths:
            raise BadInput("`widths`=[] must be widths above 1, such as [3, 5]")
        self.widths = list(widths)
        self.scores = list(scores)

    def metric_tags(self) -> list[str]:
        each = [f"test/beam/{width}/{score}" for width in (1, *self.widths) for score in self.scores]
        return [*each, *(f"test/beam_gain/{score}" for score in self.scores)]

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, TextGeneration) or not isinstance(pl_module.model.search, Beam):
            raise Misfit("probe=beams is for tasks that write texts by model/search=beam")
        check_scores(self.scores, pl_module)

    @torch.no_grad()
    def values(self, trainer: Trainer, task: TextGeneration) -> dict[str, float]:
        kept = task.model.search
        kinds: tuple[type[Metric], ...] = (*SCORES.values(), TruthRate)
        own: dict[str, Metric] = {n: m for n, m in task.metrics["test_"].items() if isinstance(m, kinds)}
        found = dict[str, float]()
        for width in (1, *self.widths):
            metrics = torch.nn.ModuleDict({name: metric.clone() for name, metric in own.items()})
            for metric in metrics.values():
                metric.reset()
            task.model.search = replace(kept, width=width)
            try:
                self._write(trainer, task, metrics)
            finally:
                task.model.search = kept
            found |= {f"test/beam/{width}/{name}": value for name, value in computed(dict(metrics.items())).items()}
        for score in self.scores:
            wide = [found[f"test/beam/{width}/{score}"] for width in self.widths]
            found[f"test/beam_gain/{score}"] = sum(wide) / len(wide) - found[f"test/beam/1/{score}"]
        return {tag: found[tag] for tag in self.metric_tags()}

    def _write(self, trainer: Trainer, task: TextGeneration, metrics: torch.nn.ModuleDict) -> None:
        dataset = trainer.datamodule.datasets["test"]
        for batch in trainer.datamodule.batches("test"):
            batch = dataset.with_references(trainer.datamodule.transfer_batch_to_device(batch, task.device, 0))
            task.compare(metrics, task.texts(task.write(task.encode(batch)).tokens), batch.truth)
