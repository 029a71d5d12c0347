"""The likeliest text, among a few that are followed side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ablate.errors import BadInput
from ablate.model.text.decoder import DecoderState, TextDecoder
from ablate.model.text.decoding.base import Hypotheses, Search, log_probabilities
from ablate.model.text.memory import Memory, reorder
from ablate.schema.options import NotNegative, Positive


class Followed(NamedTuple):
    """The unfinished texts, `width` for each row of the memory, one after the other, the likeliest first; -∞: there is none."""

    texts: Hypotheses
    state: DecoderState


class Ended(NamedTuple):
    """For each row of the memory the best text that has ended; its score is -∞ where none has."""

    texts: Hypotheses
    score: Float[Tensor, " b"]

    def or_better(self, texts: Hypotheses, score: Float[Tensor, " b"], end: int) -> "Ended":
        """With these texts, which may be longer, in the rows where their score is higher."""
        more, better = texts.tokens.shape[1] - self.texts.tokens.shape[1], score > self.score
        tokens, weights = F.pad(self.texts.tokens, (0, more), value=end), self.texts.weights
        if weights is not None:
            weights = torch.where(better[:, None, None], texts.weights, F.pad(weights, (0, 0, 0, more)))
        tokens = torch.where(better[:, None], texts.tokens, tokens)
        log_probability = torch.where(better, texts.log_probability, self.texts.log_probability)
        return Ended(Hypotheses(tokens, log_probability, weights), torch.where(better, score, self.score))


@dataclass
class Beam(Search):
    """At each step, of all texts one token longer, the `width` likeliest (Sutskever et al. 2014, section 3.2).

        score = Σ log p / ((5 + length) / 6)^length_power      (Wu et al. 2016, eq. 14, without coverage)

    Those among them that end are set aside, and the likeliest that do not end take their places. What is found is the text of
    the highest score. A row's search ends when no unfinished text can beat its best ended one: Σ log p only falls, so that no
    score rises above Σ log p / ((5 + max_length) / 6)^length_power. Texts that reach `max_length` are cut and count as they are.

    Args:
        width: unfinished texts that are followed; 1 is greedy, and its first end is the end.
        length_power: 0: long texts pay for each token; about 0.6 to 1: they do not.

    Raises:
        BadInput: a beam wider than the vocabulary, or an option out of range.
    """

    width: Positive = 5
    length_power: NotNegative = 0.6

    @torch.no_grad()
    def __call__(self, decoder: TextDecoder, memory: Memory, begin: int, end: int, banned: Sequence[int] = ()) -> Hypotheses:
        if self.width > (most := decoder.head.out_features):
            raise BadInput(f"`search.width`={self.width} is wider than the vocabulary; the widest beam that works is {most}")
        memory = decoder.prepare(memory).repeat(self.width)
        followed, ended = self._first(decoder, memory)
        token = torch.full_like(memory.summary[:, 0], begin, dtype=torch.long)
        while followed.texts.tokens.shape[1] < self.max_length and bool(followed.texts.log_probability.isfinite().any()):
            followed, ended = self._advance(decoder, memory, token, followed, ended, end, banned)
            token = followed.texts.tokens[:, -1]
        cut = Hypotheses(*(each if each is None else each[:: self.width] for each in followed.texts))
        return ended.or_better(cut, cut.log_probability / self._penalty(cut.tokens.shape[1]), end).texts

    def _first(self, decoder: TextDecoder, memory: Memory) -> tuple[Followed, Ended]:
        """Empty texts, of which all but each row's first are impossible; and none that has ended."""
        total = torch.full((len(memory.summary),), -torch.inf, device=memory.summary.device)
        none, total[:: self.width] = total[:: self.width].clone(), 0
        tokens = torch.empty(len(total), 0, dtype=torch.long, device=total.device)
        weights = None if decoder.attention is None else memory.keys.new_zeros(len(total), 0, memory.keys.shape[1])
        texts = Hypotheses(tokens, total, weights)
        ended = Hypotheses(*(each if each is None else each[:: self.width] for each in texts))
        return Followed(texts, decoder.start(memory)), Ended(ended._replace(log_probability=none), none)

    def _advance(
        self, decoder: TextDecoder, memory: Memory, token: Tensor, followed: Followed, ended: Ended, end: int, banned: Sequence[int]
    ) -> tuple[Followed, Ended]:
        texts, (logits, state, weight) = followed.texts, decoder.step(token, followed.state, memory)
        weights = None if weight is None else torch.cat((texts.weights, weight[:, None]), 1)
        total = texts.log_probability[:, None] + self.restrict(log_probabilities(logits), texts.tokens, end, banned)
        size = total.shape[1]
        best = total.reshape(-1, self.width * size).topk(min(2, size) * self.width, 1)  # at the most `width` of them end
        tokens, parents = best.indices % size, best.indices // size
        grown, ends = texts._replace(weights=weights), tokens == end

        one = best.values[:, : self.width].masked_fill(~ends[:, : self.width], -torch.inf).max(1, keepdim=True)
        found = self._append(grown, parents.gather(1, one.indices), tokens.gather(1, one.indices), one.values)
        ended = ended.or_better(found, found.log_probability / self._penalty(found.tokens.shape[1]), end)

        others = best.values.masked_fill(ends, -torch.inf).topk(self.width, 1)
        over = others.values[:, :1] / self._penalty(self.max_length) <= ended.score[:, None]
        if self.width == 1:
            over |= one.values.isfinite()
        left = others.values.masked_fill(over, -torch.inf)
        parents = parents.gather(1, others.indices)
        texts = self._append(grown, parents, tokens.gather(1, others.indices), left)
        return Followed(texts, reorder(state, self._rows(parents))), ended

    def _append(self, texts: Hypotheses, parents: Tensor, tokens: Tensor, total: Tensor) -> Hypotheses:
        """Some texts a row of the memory, which are those at the places `parents` among its `width`, and a token more."""
        tokens_before, _, weights = reorder(texts, self._rows(parents))
        return Hypotheses(torch.cat((tokens_before, tokens.flatten()[:, None]), 1), total.flatten(), weights)

    def _rows(self, places: Int[Tensor, "b n"]) -> Int[Tensor, " bn"]:
        return (places + self.width * torch.arange(len(places), device=places.device)[:, None]).flatten()

    def _penalty(self, length: int) -> float:
        return ((5 + length) / 6) ** self.length_power
