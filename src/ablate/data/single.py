"""Batches of one sample that has no target, for prediction."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.data.batch import CaptionBatch, PairBatch, QuestionBatch, SequenceBatch
from ablate.data.text.dataset import pad_with_lengths, teacher_forcing

NOTHING = [torch.zeros(0, dtype=torch.long)]  # the tokens of one text that is not written yet


def caption_batch(image: Float[Tensor, "1 3 h w"]) -> CaptionBatch:
    """A picture without a caption."""
    return CaptionBatch(image, *teacher_forcing(NOTHING), torch.zeros(1, dtype=torch.long))


def pair_batch(source: Int[Tensor, " s"]) -> PairBatch:
    """A source without a target."""
    return PairBatch(*pad_with_lengths([source]), *teacher_forcing(NOTHING), torch.zeros(1, dtype=torch.long))


def sequence_batch(steps: Int[Tensor, " t"] | Float[Tensor, "t d"]) -> SequenceBatch:
    """A sequence without a target."""
    return SequenceBatch(steps[None], torch.tensor([len(steps)]), *torch.zeros(2, 1, dtype=torch.long))


def question_batch(
    question: Int[Tensor, " t"], image: Float[Tensor, "1 3 h w"] | None = None, story: Int[Tensor, " s"] | None = None
) -> QuestionBatch:
    """A question on a picture or on a story, without an answer."""
    words, lengths = pad_with_lengths([question])
    told, told_lengths = (None, None) if story is None else pad_with_lengths([story])
    target, index = torch.zeros(2, 1, dtype=torch.long)
    return QuestionBatch(words, lengths, target, index, image, told, told_lengths)
