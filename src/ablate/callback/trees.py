"""Logs trees of the validation split with what the network says at each node."""

from collections.abc import Sequence

from lightning.pytorch import Trainer

from ablate.callback.log import ValidationSamples, log_figure
from ablate.data.batch import TreeBatch
from ablate.data.text.tokeniser import PAD
from ablate.figure.tree import nodes_of, plot_trees, root_gradient
from ablate.task.tree_classification import TreeClassification


class Trees(ValidationSamples):
    """Logs the same trees after each validation, with the class at each node and the gradient along the edges; also trees.png.

    Args:
        folder: of the run; files go there.
        count: number of trees; 0: nothing is logged.
    """

    def __init__(self, folder: str, class_names: Sequence[str], count: int) -> None:
        super().__init__(folder, count)
        self.class_names = class_names

    def log_samples(self, trainer: Trainer, task: TreeClassification, batch: TreeBatch) -> None:
        dataset, vocabulary = trainer.datamodule.datasets["val"], task.tokenisers["source"].vocabulary
        trees = []
        for i in batch.index.tolist():
            one = trainer.datamodule.transfer_batch_to_device(dataset.collate([dataset[i]]), task.device, 0)
            logits, gradient = root_gradient(task.model, one)
            words = ["" if token == PAD else vocabulary.tokens[token] for token in one.token.tolist()]
            trees.append((" ".join(dataset.tree(i).tokens), nodes_of(one, logits.argmax(1), gradient, words)))
        log_figure(plot_trees(trees, self.class_names), self.folder / "trees.png", trainer, "val/trees")
