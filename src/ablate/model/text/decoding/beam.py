"""The likeliest text, among a few that are followed side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ablate.errors import BadInput, check_positive
from ablate.model.text.decoder import DecoderState, TextDecoder
from ablate.model.text.decoding.base import Hypotheses, Search, log_probabilities
from ablate.model.text.memory import Memory, reorder


class Followed(NamedTuple):
    """The texts that are followed, `width` for each row of the memory, one after the other."""

    tokens: Int[Tensor, "bw t"]
    log_probability: Float[Tensor, " bw"]
    length: Int[Tensor, " bw"]
    over: Bool[Tensor, " bw"]
    weights: Float[Tensor, "bw t s"] | None
    state: DecoderState


@dataclass
class Beam(Search):
    """At each step, of all texts one token longer, the `width` with the highest score (Sutskever et al. 2014, section 3.2).

        score = Σ log p / ((5 + length) / 6)^length_power      (Wu et al. 2016, eq. 14, without coverage)

    A text that has ended keeps its place while its score is among the highest. The search ends when all have ended, at the
    latest at `max_length`, where texts that have not ended are cut and count as they are.

    Args:
        width: texts that are followed; 1 is greedy.
        length_power: 0: long texts pay for each token; about 0.6 to 1: they do not.

    Raises:
        BadInput: a beam wider than the vocabulary, or an option out of range.
    """

    width: int = 5
    length_power: float = 0.6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("width", self.width)
        if not 0 <= self.length_power < float("inf"):
            raise BadInput(f"`length_power`={self.length_power} must be at least 0, such as 0.6")

    @torch.no_grad()
    def __call__(self, decoder: TextDecoder, memory: Memory, begin: int, end: int, banned: Sequence[int] = ()) -> Hypotheses:
        if self.width > (most := decoder.head.out_features):
            raise BadInput(f"`search.width`={self.width} is wider than the vocabulary; the widest beam that works is {most}")
        memory = decoder.prepare(memory).repeat(self.width)
        found = self._first(decoder, memory)
        token = torch.full_like(found.length, begin)
        while found.tokens.shape[1] < self.max_length and not bool(found.over.all()):
            found = self._advance(decoder, memory, token, found, end, banned)
            token = found.tokens[:, -1]
        scores = found.log_probability / self._penalty(found.length)
        best = scores.unflatten(0, (-1, self.width)).argmax(1)
        rows = best + self.width * torch.arange(len(best), device=best.device)
        return Hypotheses(*(reorder(each, rows) for each in (found.tokens, found.log_probability, found.weights)))

    def _first(self, decoder: TextDecoder, memory: Memory) -> Followed:
        """Empty texts, of which all but each row's first are impossible."""
        total = torch.full((len(memory.summary),), -torch.inf, device=memory.summary.device)
        total[:: self.width] = 0
        length = torch.zeros_like(total, dtype=torch.long)
        weights = None if decoder.attention is None else memory.keys.new_zeros(len(total), 0, memory.keys.shape[1])
        return Followed(length.new_zeros(len(total), 0), total, length, length.bool(), weights, decoder.start(memory))

    def _advance(
        self, decoder: TextDecoder, memory: Memory, token: Tensor, found: Followed, end: int, banned: Sequence[int]
    ) -> Followed:
        logits, state, weight = decoder.step(token, found.state, memory)
        log_p = self.restrict(log_probabilities(logits), found.tokens, end, banned)
        ended = torch.full_like(log_p, -torch.inf)
        ended[:, end] = 0  # after the end comes the end, for nothing
        log_p = torch.where(found.over[:, None], ended, log_p)

        length = found.length + ~found.over
        total = found.log_probability[:, None] + log_p
        scores = total / self._penalty(length)[:, None]
        best = scores.reshape(-1, self.width * log_p.shape[1]).topk(self.width, 1).indices  # b, width
        first = self.width * torch.arange(len(best), device=best.device)[:, None]
        rows, token = (best // log_p.shape[1] + first).flatten(), (best % log_p.shape[1]).flatten()

        if weight is not None:
            weight = torch.cat((found.weights, (weight * ~found.over[:, None])[:, None]), 1)
        new = reorder(Followed(found.tokens, found.log_probability, length, found.over, weight, state), rows)
        total = total[rows, token]
        over = new.over | (token == end) | total.isneginf()  # nothing comes after what is impossible
        return new._replace(tokens=torch.cat((new.tokens, token[:, None]), 1), log_probability=total, over=over)

    def _penalty(self, length: Tensor) -> Tensor:
        return ((5 + length) / 6) ** self.length_power
