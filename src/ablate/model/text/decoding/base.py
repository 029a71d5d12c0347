"""What every search for a text shares: what may follow, the walk of one token at a time, and what is found."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.errors import BadInput, check_positive, check_whole
from ablate.model.text.decoder import TextDecoder
from ablate.model.text.memory import Memory


class Hypotheses(NamedTuple):
    """A text for each row of the memory."""

    tokens: Int[Tensor, "b t"]  # without the one to begin with; what follows `end` is `end`; one cut at the most length has none
    log_probability: Float[Tensor, " b"]  # Σ log p(token_t | those before) up to `end`, of the network as it is
    weights: Float[Tensor, "b t s"] | None  # of the attention at each token, 0 after `end`; None without one


class Constraints:
    """Which tokens may follow.

    Args:
        end: the token that ends a text.
        banned: tokens that never come.
        max_length: most tokens of a text, `end` among them; a text that has not ended there is cut.
        min_length: least tokens before `end`.
        no_repeat: n; no run of n tokens comes twice in a text (Paulus et al. 2018, section 2.5); None: any may.
    """

    def __init__(self, end: int, banned: Sequence[int], max_length: int, min_length: int, no_repeat: int | None) -> None:
        self.end, self.banned = end, list(banned)
        self.max_length = check_positive("max_length", max_length)
        self.min_length = check_whole("min_length", min_length, 0)
        if min_length >= max_length:
            raise BadInput(f"`min_length`={min_length} must be below `max_length`={max_length}, which counts the end too")
        self.no_repeat = None if no_repeat is None else check_positive("no_repeat", no_repeat)

    def restrict(self, scores: Float[Tensor, "b k"], tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b k"]:
        """-∞ for what may not follow the tokens; where nothing may, the text may end, however short."""
        end, scores = scores[:, self.end], scores.clone()
        scores[:, self.banned] = -torch.inf
        if tokens.shape[1] < self.min_length:
            scores[:, self.end] = -torch.inf
        if self.no_repeat is not None and tokens.shape[1] >= self.no_repeat:
            scores = scores.masked_fill(self._repeats(tokens, scores.shape[1]), -torch.inf)
        scores[:, self.end] = torch.where(scores.isneginf().all(1), end, scores[:, self.end])
        return scores

    def _repeats(self, tokens: Tensor, size: int) -> Tensor:
        """(b, k): whether a token would make a run of n that there is already."""
        runs = tokens.unfold(1, self.no_repeat, 1)
        last = tokens[:, tokens.shape[1] - self.no_repeat + 1 :]
        same = (runs[..., :-1] == last[:, None]).all(-1)
        following = torch.where(same, runs[..., -1], size)  # the last column is of those that may come
        return torch.zeros(len(tokens), size + 1, dtype=torch.bool, device=tokens.device).scatter_(1, following, True)[:, :size]


def log_probabilities(logits: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    """log softmax, in single precision at least: its sums over a text are what texts are compared by."""
    return logits.log_softmax(-1, torch.promote_types(logits.dtype, torch.float32))


@torch.no_grad()
def decode(
    decoder: TextDecoder,
    memory: Memory,
    begin: int,
    constraints: Constraints,
    choose: Callable[[Float[Tensor, "b k"]], Int[Tensor, " b"]],
) -> Hypotheses:
    """Token after token, each by `choose` from log p of those that may come."""
    memory = decoder.prepare(memory)
    state, rows = decoder.start(memory), len(memory.summary)
    token = torch.full((rows,), begin, device=memory.summary.device)
    tokens, total, weights = token.new_zeros(rows, 0), torch.zeros(rows, device=token.device), []
    over = torch.zeros_like(token, dtype=torch.bool)
    while tokens.shape[1] < constraints.max_length and not bool(over.all()):
        logits, state, weight = decoder.step(token, state, memory)
        log_p = log_probabilities(logits)
        token = choose(constraints.restrict(log_p, tokens)).masked_fill(over, constraints.end)
        total = total + log_p.gather(1, token[:, None])[:, 0].masked_fill(over, 0.0)
        weights.append(None if weight is None else weight * ~over[:, None])
        tokens = torch.cat((tokens, token[:, None]), 1)
        over = over | (token == constraints.end)
    return Hypotheses(tokens, total, None if decoder.attention is None else torch.stack(weights, 1))
