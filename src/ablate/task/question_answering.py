"""A picture or a story, and a question: one answer out of a list."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from lightning.pytorch import Trainer
from torch import Tensor, nn

from ablate.data.batch import BatchKind, QuestionBatch
from ablate.data.text.tokeniser import UNKNOWN
from ablate.errors import Misfit
from ablate.metric.classification import ClassificationScores
from ablate.model.segmenter.encoder.load import load_encoder
from ablate.model.text.question_answering import QuestionAnswering as QuestionAnsweringModel
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import Positive, ProperFraction, checked
from ablate.task.base import Output, Task


class QuestionAnswering(Task):
    """Cross-entropy of the answer; accuracy, macro F1 and the confusion matrix over the whole split.

    Args:
        num_classes: answers.
        blind: black pictures, or stories of one unknown word: what is left is known from the question alone.
        encoder_weights: a file with the weights that a picture's encoder begins with; None: random ones.
    """

    batch_kind = BatchKind.QUESTIONS
    model_class = QuestionAnsweringModel
    tokenised = ("source",)

    @checked
    def __init__(
        self,
        model: nn.Module,
        optimisation: Optimisation | None,
        num_classes: Positive,
        blind: bool = False,
        label_smoothing: ProperFraction = 0.0,
        encoder_weights: str | None = None,
    ) -> None:
        super().__init__(model, {"scores": ClassificationScores(num_classes)}, optimisation)
        self.label_smoothing = label_smoothing
        self.blind, self.encoder_weights = blind, encoder_weights

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        if self.model.reads_stories and batch.story is None:
            raise Misfit("these questions are on pictures: model=question_answering")
        if not self.model.reads_stories and batch.image is None:
            raise Misfit("these questions are on stories: model=story_question_answering")

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        if self.model.reads_stories:
            super().load_encoder(weights)
        else:
            load_encoder(self.model.encoder.backbone, weights)

    def inputs(self, batch: QuestionBatch) -> tuple:
        if batch.image is not None:
            source, lengths = batch.image * (not self.blind), None
        elif self.blind:
            source, lengths = torch.full_like(batch.story[:, :1], UNKNOWN), torch.ones_like(batch.story_lengths)
        else:
            source, lengths = batch.story, batch.story_lengths
        return source, lengths, batch.question, batch.question_lengths

    def step(self, batch: QuestionBatch) -> Output:
        logits = self.model(*self.inputs(batch)).logits
        loss = F.cross_entropy(logits, batch.target, label_smoothing=self.label_smoothing if self.training else 0.0)
        return Output(loss, logits.detach().argmax(1), batch.target)
