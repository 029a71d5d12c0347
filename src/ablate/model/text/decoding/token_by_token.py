"""Texts whose tokens are chosen for good, one after another: the likeliest each time, or drawn as the network says."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.model.recurrent.generate import restrict
from ablate.model.text.decoder import TextDecoder
from ablate.model.text.decoding.base import Hypotheses, Search, log_probabilities
from ablate.model.text.memory import Memory
from ablate.schema.options import Positive, Probability, Seed, Temperature


class TokenByToken(Search):
    """A search that follows one text: each token is chosen once, from the log-probabilities of the tokens that are allowed."""

    @abstractmethod
    def chooser(self) -> Callable[[Float[Tensor, "b k"]], Int[Tensor, " b"]]:
        """The function log-probabilities -> chosen tokens, for one call."""

    @torch.no_grad()
    def __call__(self, decoder: TextDecoder, memory: Memory, begin: int, end: int, banned: Sequence[int] = ()) -> Hypotheses:
        memory, choose = decoder.prepare(memory), self.chooser()
        state, rows = decoder.start(memory), len(memory.summary)
        token = torch.full((rows,), begin, device=memory.summary.device)
        tokens, total, weights = token.new_zeros(rows, 0), torch.zeros(rows, device=token.device), []
        over = torch.zeros_like(token, dtype=torch.bool)
        while tokens.shape[1] < self.max_length and not bool(over.all()):
            logits, state, weight = decoder.step(token, state, memory)
            log_p = log_probabilities(logits)
            token = choose(self.restrict(log_p, tokens, end, banned)).masked_fill(over, end)
            total = total + log_p.gather(1, token[:, None])[:, 0].masked_fill(over, 0.0)
            weights.append(None if weight is None else weight * ~over[:, None])
            tokens = torch.cat((tokens, token[:, None]), 1)
            over = over | (token == end)
        return Hypotheses(tokens, total, None if decoder.attention is None else torch.stack(weights, 1))


class Greedy(TokenByToken):
    """token_t = argmax p(· | token_1 … token_{t-1}) among those that may come: a beam of one."""

    def chooser(self) -> Callable[[Float[Tensor, "b k"]], Int[Tensor, " b"]]:
        return lambda log_p: log_p.argmax(-1)


@dataclass
class Sample(TokenByToken):
    """token_t is drawn from p(· | token_1 … token_{t-1}), restricted; the probability that comes back is p's own.

    Args:
        temperature, top_k, top_p: see `ablate.model.recurrent.generate.restrict`.
        seed: of each call; None: torch's generator goes on.
    """

    temperature: Temperature = 1.0
    top_k: Positive | None = None
    top_p: Probability | None = None
    seed: Seed | None = None

    def chooser(self) -> Callable[[Float[Tensor, "b k"]], Int[Tensor, " b"]]:
        generator = None if self.seed is None else torch.Generator().manual_seed(self.seed)

        def draw(log_p: Tensor) -> Tensor:
            chances = restrict(log_p, self.temperature, self.top_k, self.top_p).exp().cpu()  # every device draws the same
            return torch.multinomial(chances, 1, generator=generator)[:, 0].to(log_p.device)

        return draw
