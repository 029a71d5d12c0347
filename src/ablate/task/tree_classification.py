"""Classes at the nodes of trees."""

from typing import Any

import torch.nn.functional as F
from lightning.pytorch import Trainer
from torch import nn
from torchmetrics.classification import MulticlassAccuracy

from ablate.data.batch import IGNORE, BatchKind, TreeBatch
from ablate.errors import BadInput
from ablate.metric.classification import ClassificationScores
from ablate.model.tree.network import TreeModel
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import Positive, ProperFraction, checked
from ablate.task.base import Output, Task


class TreeClassification(Task):
    """Cross-entropy of the class of each node that has one: the mean over the nodes of a batch.

    Metrics: accuracy, macro F1 and confusion matrix of the roots that have a class; node_accuracy of all nodes that have one.

    Source: Socher et al. 2013, section 4 (a class at every node); Tai et al. 2015, section 4.1.
    """

    batch_kind = BatchKind.CLASS_PER_NODE
    model_class = TreeModel
    tokenised = ("source",)

    @checked
    def __init__(
        self, model: nn.Module, optimisation: Optimisation | None, num_classes: Positive, label_smoothing: ProperFraction = 0.0
    ) -> None:
        metrics = {
            "scores": ClassificationScores(num_classes, IGNORE),
            "node_accuracy": MulticlassAccuracy(num_classes, average="micro", ignore_index=IGNORE, validate_args=False),
        }
        super().__init__(model, metrics, optimisation)
        self.label_smoothing = label_smoothing

    def inputs(self, batch: TreeBatch) -> tuple:
        return (batch,)

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        arity = self.model.composition.arity
        if arity is not None and batch.arity > arity:
            raise BadInput(
                f"a node has {batch.arity} children, and `arity`={arity} is the most: model.composition.arity={batch.arity}"
            )

    def step(self, batch: TreeBatch) -> Output:
        logits = self.model(batch)
        smoothing = self.label_smoothing if self.training else 0.0
        loss = F.cross_entropy(logits, batch.target, ignore_index=IGNORE, label_smoothing=smoothing)
        nodes = (batch.target != IGNORE).sum()
        return Output(loss, (logits.detach().argmax(1), batch.root), batch.target, nodes)

    def _update(self, split: str, output: Output) -> None:
        predicted, root = output.prediction
        metrics = self.metrics[f"{split}_"]
        metrics["node_accuracy"].update(predicted, output.target)
        metrics["scores"].update(predicted[root], output.target[root])
