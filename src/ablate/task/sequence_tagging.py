"""Many to many, aligned: a class for each step."""

from torch import nn

from ablate.data.batch import IGNORE, SequenceBatch
from ablate.metric.classification import ClassificationScores
from ablate.optim.optimisation import Optimisation
from ablate.task.base import Output
from ablate.task.recurrent import RecurrentTask, States


class SequenceTagging(RecurrentTask):
    """Cross-entropy of the class of each step; accuracy, macro F1 and the confusion matrix over all steps of a split."""

    def __init__(self, model: nn.Module, optimisation: Optimisation | None, num_classes: int, truncate: int | None = None) -> None:
        super().__init__(model, {"scores": ClassificationScores(num_classes, IGNORE)}, optimisation, truncate)

    def advance(self, batch: SequenceBatch, states: States | None) -> tuple[Output, States]:
        output, states = super().advance(batch, states)
        return output._replace(prediction=output.prediction.argmax(-1)), states
