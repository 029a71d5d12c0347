"""Texts that a network writes: training on the next token of given texts, evaluation of its own texts; translation."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from math import exp
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Int
from lightning.pytorch import Trainer
from torch import Tensor, nn
from torchmetrics import Metric

from ablate.data.batch import IGNORE, BatchKind, CaptionBatch, PairBatch, Truth
from ablate.data.text.tokeniser import BEGIN, END, PAD, UNKNOWN
from ablate.errors import BadInput, Misfit
from ablate.loss.text import doubly_stochastic, token_cross_entropy
from ablate.metric.language import ExposureScores
from ablate.metric.text.cider import CIDEr, CIDErD
from ablate.metric.text.overlap import Bleu, ChrF, ExactMatch, RougeL, SacreBleu
from ablate.model.evaluation import evaluating
from ablate.model.text.decoding.base import Hypotheses
from ablate.model.text.encoder import Encoder, TextEncoder
from ablate.model.text.encoder_decoder import EncoderDecoder
from ablate.model.text.memory import Memory
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import Fraction, NotNegative, Positive, ProperFraction, checked
from ablate.task.base import Output, Task

Score = Literal["bleu", "sacrebleu", "rouge_l", "chrf", "cider", "cider_d", "exact_match"]
SCORES: dict[Score, type[Metric]] = {
    "bleu": Bleu,
    "sacrebleu": SacreBleu,
    "rouge_l": RougeL,
    "chrf": ChrF,
    "cider": CIDEr,
    "cider_d": CIDErD,
    "exact_match": ExactMatch,
}
Schedule = Literal["constant", "linear", "inverse_sigmoid"]
SCHEDULES: dict[Schedule, Callable[[float, float], float]] = {
    "constant": lambda share, over: share,
    "linear": lambda share, over: share * min(over, 1.0),
    "inverse_sigmoid": lambda share, over: share / (1 + exp(-12.0 * (over - 0.5))),  # from 0.2 % to 99.8 % of the share
}
BANNED = (PAD, UNKNOWN, BEGIN)  # what a search never writes

WrittenBatch = CaptionBatch | PairBatch


class Generation(NamedTuple):
    """The tokens that the model predicts for a batch."""

    forced: Int[Tensor, "b t"]  # the likeliest next token after each given one
    free: Int[Tensor, "b u"] | None = None  # the text that it writes without any given token; None in training
    batch: WrittenBatch | None = None  # with what those texts are compared with


def probability_schedule(share: float, schedule: Schedule) -> Callable[[float], float]:
    """p, the part of the training that is over -> the probability that a token is the network's own, 1 - ε of Bengio et al. 2015.

        constant         share
        linear           share · p                              ε falls along a line (section 2.4)
        inverse_sigmoid  share / (1 + exp(-12 (p - 1/2)))       ε = k / (k + exp(i / k)), its middle at half of the training

    Args:
        share: of own tokens at the end; 0 is teacher forcing, 1 none of it.
    """
    return partial(SCHEDULES[schedule], share)


class TextGeneration(Task):
    """Cross-entropy of the next token, and scores of what the network writes by itself.

    In training a decoder hears the right tokens (teacher forcing, Williams and Zipser 1989), or some of its own (scheduled
    sampling, Bengio et al. 2015). Validation and test are free-running: texts come from `model.search`, which knows no right token.
    Their loss alone is of teacher forcing, without smoothing or penalty: the logarithm of the perplexity.

    Args:
        scores: names out of SCORES, by which free-running texts are compared with their references.
        label_smoothing: the share of the target that all tokens have alike (Szegedy et al. 2016, section 7).
        doubly_stochastic: the factor λ of the penalty on positions that were not attended to (Xu et al. 2015, eq. 14).
        scheduled_sampling, sampling_schedule: see `probability_schedule`.
        at_lengths: see `ExposureScores`.
    """

    model_class = EncoderDecoder
    encoder_class: ClassVar[type[Encoder]]

    @checked
    def __init__(
        self,
        model: nn.Module,
        optimisation: Optimisation | None,
        scores: Sequence[Score] = ("bleu", "chrf"),
        label_smoothing: ProperFraction = 0.0,
        doubly_stochastic: NotNegative = 0.0,
        scheduled_sampling: Fraction = 0.0,
        sampling_schedule: Schedule = "constant",
        at_lengths: Sequence[Positive] = (),
    ) -> None:
        self.scores = list(scores)
        metrics: dict[str, Metric] = {
            "tokens": ExposureScores(IGNORE, END, at_lengths=at_lengths),
            **{n: SCORES[n]() for n in self.scores},
        }
        taught = {"tokens": ExposureScores(IGNORE, END, free_running=False)}
        super().__init__(model, metrics, optimisation, taught)
        if doubly_stochastic and self.model.decoder.attention is None:
            raise BadInput("`doubly_stochastic` needs an attention to speak of: model/attention=additive")
        self.label_smoothing, self.doubly_stochastic = label_smoothing, doubly_stochastic
        self.sampling = probability_schedule(scheduled_sampling, sampling_schedule)
        self.sampling_probability = self.sampling(0.0)  # of each token that the decoder hears, now, in training

    @abstractmethod
    def encode(self, batch: WrittenBatch) -> Memory:
        """What the decoder gets of a batch."""

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        if not isinstance(self.model.encoder, self.encoder_class):
            read, wanted = type(self.model.encoder).__name__, self.encoder_class.__name__
            raise Misfit(f"{type(self).__name__} trains models with a {wanted}, not with a {read}")
        with evaluating(self):
            self.write(self.encode(batch))  # what is wrong with the search is said now and not after an epoch

    def step(self, batch: WrittenBatch) -> Output:
        return self.teach(batch, self.encode(batch))

    def teach(self, batch: WrittenBatch, memory: Memory) -> Output:
        """Loss and likeliest tokens of the batch's texts under teacher forcing or scheduled sampling."""
        decoder = self.model.decoder
        sampled = self.training and self.sampling_probability > 0
        decoded = decoder.scheduled(batch.input, memory, self.sampling_probability) if sampled else decoder(batch.input, memory)
        smoothing = self.label_smoothing if self.training else 0.0
        loss, count = token_cross_entropy(decoded.logits, batch.target, IGNORE, smoothing)
        if self.training and self.doubly_stochastic:
            loss = loss + self.doubly_stochastic * doubly_stochastic(decoded.weights, batch.target != IGNORE, memory.mask)
        return Output(loss, Generation(decoded.logits.detach().argmax(-1)), batch.target, count)

    def run(self, split: str, batch: WrittenBatch) -> Output:
        if split == "train":
            self.sampling_probability = self.sampling(self.global_step / max(1, self.trainer.estimated_stepping_batches))
            return self.step(batch)
        memory = self.encode(batch)  # once, for both
        output, free = self.teach(batch, memory), self.write(memory).tokens
        return output._replace(prediction=output.prediction._replace(free=free, batch=batch))

    @torch.no_grad()
    def write(self, memory: Memory) -> Hypotheses:
        """A text for each row of a memory, by `model.search`; of a network in evaluation mode."""
        return self.model.search(self.model.decoder, memory, begin=BEGIN, end=END, banned=BANNED)

    def texts(self, tokens: Int[Tensor, "b t"]) -> list[str]:
        """The text of each row, up to its end."""
        return [self.tokenisers["target"].text(row) for row in tokens.tolist()]

    def _update(self, split: str, output: Output) -> None:
        said, metrics = output.prediction, self.metrics[f"{split}_"]
        metrics["tokens"].update(said.forced, output.target, said.free)
        if said.free is not None:
            self.judge(metrics, self.texts(said.free), said.batch)

    def judge(self, metrics: nn.ModuleDict, texts: list[str], batch: WrittenBatch) -> None:
        """Update the metrics of an evaluation with the texts of a batch."""
        self.compare(metrics, texts, batch.truth)

    def compare(self, metrics: nn.ModuleDict, texts: list[str], truth: Truth) -> None:
        """Update the scores with texts and their references."""
        for name in self.scores:
            metrics[name].update(texts, truth.references)


class Translation(TextGeneration):
    """A text in one language is read, a text in another is written; see `TextGeneration`."""

    batch_kind = BatchKind.TEXT_PAIRS
    encoder_class = TextEncoder
    tokenised = ("source", "target")

    def inputs(self, batch: PairBatch) -> tuple:
        return batch.source, batch.source_lengths, batch.input

    def encode(self, batch: PairBatch) -> Memory:
        return self.model.encoder(batch.source, batch.source_lengths)
