"""Many to many, shifted: the next token at each step."""

from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import nn

from ablate.data.batch import IGNORE
from ablate.data.text.tokeniser import BEGIN, END, PAD, UNKNOWN
from ablate.errors import BadInput, Misfit
from ablate.metric.language import LanguageScores
from ablate.model.recurrent.generate import generate
from ablate.optim.optimisation import Optimisation
from ablate.schema.options import Positive, ProperFraction
from ablate.task.recurrent import RecurrentTask


class LanguageModelling(RecurrentTask):
    """Cross-entropy of the next token; perplexity and bits a token over all tokens of a split."""

    tokenised = ("source",)

    def __init__(
        self,
        model: nn.Module,
        optimisation: Optimisation | None,
        truncate: Positive | None = None,
        label_smoothing: ProperFraction = 0.0,
    ) -> None:
        super().__init__(model, {"scores": LanguageScores(IGNORE)}, optimisation, truncate, label_smoothing)
        if model.bidirectional:
            raise BadInput("`model.bidirectional`=true lets a language model read the tokens that it predicts")

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        following = batch.input[:, 1:]
        shifted = (following == batch.target[:, :-1]) | (following == PAD)  # the target of a step is the next token
        if "source" not in self.tokenisers or not bool(shifted.all()):
            raise Misfit("LanguageModelling learns from texts, these data are sequences of another kind")

    def sample(
        self,
        count: int,
        length: int,
        seed: int,
        prefix: str = "",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> list[str]:
        """`count` texts of at most `length` tokens after the prefix, which stands in front of each.

        Args:
            seed: of the random numbers.
            temperature, top_k, top_p: see `ablate.model.recurrent.generate.restrict`.

        Raises:
            BadInput: a token of the prefix that is not in the vocabulary.
        """
        tokeniser = self.tokenisers["source"]
        tokens = tokeniser.split(prefix)
        numbers = tokeniser.vocabulary.encode(tokens)
        if UNKNOWN in numbers:
            raise BadInput(f"`prefix`={prefix!r}: the network has never seen {tokens[numbers.index(UNKNOWN)]!r}")
        first = [BEGIN] if tokeniser.complete else [] if numbers else tokeniser.vocabulary.encode(["\n"])
        start = torch.tensor([first + numbers] * count, device=self.device)
        banned = [PAD, UNKNOWN, BEGIN] + ([] if tokeniser.complete else [END])
        random, end = torch.Generator().manual_seed(seed), END if tokeniser.complete else None
        sampled = generate(self.model, start, length, random, end, temperature, top_k, top_p, banned)
        return [tokeniser.join([*([prefix] if prefix else []), *tokeniser.decode(row)]) for row in sampled.tolist()]
